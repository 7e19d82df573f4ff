import type { ControllerPower } from "../../controller.ts";
import type { PowerGoal } from "./power-plan.ts";

/** What was seen since a step was sent. */
export interface PowerSeen {
  state: ControllerPower;
  /** It was seen otherwise than on. */
  wasDown: boolean;
  /** `LastResetTime` is another than before. */
  resetTimeChanged: boolean;
  /** Milliseconds since the controller accepted the step; undefined = its answer was lost. */
  sinceAccepted: number | undefined;
}

/**
 * Milliseconds after which a restart that was accepted counts as done though nothing of it was seen: many controllers show
 * a reset neither in the power state nor in a time.
 */
const settled = 5000;

/** Whether a step has come true. Pure. */
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
