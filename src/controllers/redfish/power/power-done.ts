import type { ControllerPower } from "../../controller.ts";
import type { PowerGoal } from "./power-plan.ts";

/** What was observed since a step was sent. */
export interface PowerSeen {
  state: ControllerPower;
  /** The machine was seen in another state than on. */
  wasDown: boolean;
  /** `LastResetTime` has changed. */
  resetTimeChanged: boolean;
  /**
   * Milliseconds since the controller accepted the step; undefined = it has not accepted it, or its answer was lost.
   */
  sinceAccepted: number | undefined;
}

/**
 * Milliseconds after which an accepted restart counts as done, even if it was not observed: many controllers show a
 * reset neither in the power state nor in LastResetTime.
 */
const settled = 5000;

/** Whether a step has reached its goal. Pure. */
export function powerDone(goal: PowerGoal, seen: PowerSeen): boolean {
  switch (goal) {
    case "on":
    case "off":
      return seen.state === goal;
    case "restarted":
      return (
        seen.state === "on" &&
        (seen.wasDown || seen.resetTimeChanged || (seen.sinceAccepted !== undefined && seen.sinceAccepted >= settled))
      );
    case "accepted":
      return seen.sinceAccepted !== undefined;
  }
}
