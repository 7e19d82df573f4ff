import { expect, test } from "vitest";
import type { ControllerPower, PowerCommand } from "../../controller.ts";
import { powerPlan } from "./power-plan.ts";

const all = ["On", "ForceOn", "ForceOff", "GracefulShutdown", "ForceRestart", "PowerCycle", "PushPowerButton", "Nmi"];

/** The plan in short: "ForceOff:off On|ForceOn:on", or its kind. */
function planned(
  command: PowerCommand,
  state: ControllerPower,
  allowed: readonly string[] | undefined,
  byOff = false,
): string {
  const plan = powerPlan(command, { state, allowed, restartByOff: byOff });
  switch (plan.kind) {
    case "steps":
      return plan.steps.map(({ types, goal }) => `${types.join("|")}:${goal}`).join(" ");
    case "wait":
      return `wait:${plan.goal}`;
    default:
      return plan.kind;
  }
}

test.each<[PowerCommand, ControllerPower, readonly string[] | undefined, string]>([
  ["on", "on", all, "done"],
  ["on", "powering-on", all, "wait:on"],
  ["on", "off", all, "On|ForceOn|PushPowerButton:on"],
  ["on", "unknown", ["ForceOn"], "ForceOn:on"],
  ["on", "off", ["ForceOff"], "impossible"],
  ["off", "off", all, "done"],
  ["off", "on", all, "ForceOff:off"],
  ["off", "powering-off", all, "ForceOff:off"],
  ["soft-off", "off", all, "done"],
  ["soft-off", "powering-off", all, "wait:off"],
  ["soft-off", "on", all, "GracefulShutdown|PushPowerButton:off"],
  ["soft-off", "on", ["ForceOff"], "impossible"],
  ["cycle", "on", all, "PowerCycle:restarted"],
  ["cycle", "on", ["On", "ForceOff"], "ForceOff:off On:on"],
  ["cycle", "off", all, "On|ForceOn|PushPowerButton:on"],
  ["reset", "on", all, "ForceRestart|PowerCycle:restarted"],
  ["reset", "on", ["On", "ForceOff"], "ForceOff:off On:on"],
  ["reset", "off", all, "On|ForceOn|PushPowerButton:on"],
  ["nmi", "on", all, "Nmi:accepted"],
  ["nmi", "off", all, "impossible"],
  ["nmi", "on", ["On"], "impossible"],
  ["reset", "on", undefined, "ForceRestart|PowerCycle:restarted"],
])("rows 4, 5: %s of a machine that is %s, where %j is allowed", (command, state, allowed, expected) => {
  expect(planned(command, state, allowed)).toBe(expected);
});

test.each(["cycle", "reset"] as const)("row 8: %s by off and on", (command) => {
  expect(planned(command, "on", all, true)).toBe("ForceOff:off On|ForceOn|PushPowerButton:on");
});
