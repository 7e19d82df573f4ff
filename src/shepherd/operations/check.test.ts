import { expect, test } from "vitest";
import { remediedCodes } from "../../contract/controller-remedies.ts";
import type { ControllerErrorCode, ControllerFacts } from "../../controllers/controller.ts";
import { checkLines } from "./check.ts";

const codes: Readonly<Record<ControllerErrorCode, true>> = {
  unreachable: true,
  untrusted: true,
  address_refused: true,
  credential_unusable: true,
  unauthorized: true,
  forbidden: true,
  password_change_required: true,
  not_a_controller: true,
  unsupported: true,
  refused: true,
  busy: true,
  not_done: true,
  answer_invalid: true,
};

test("each of a controller's failures has a remedy", () => {
  expect(remediedCodes.toSorted()).toEqual(Object.keys(codes).toSorted());
});

const facts: ControllerFacts = {
  system: "1",
  serials: [],
  macs: ["52:54:00:00:00:01"],
  power: "on",
  powerCommands: ["on", "off"],
  bootTargets: ["disk"],
  virtualMedia: false,
  httpBoot: false,
  rules: [],
  mayControl: true,
};

test.each([
  [{ bootTargets: ["network"] }, true],
  [{ bootTargets: ["media"], virtualMedia: true }, true],
  [{ bootTargets: ["http"], httpBoot: true }, true],
  [{ bootTargets: ["http"] }, false],
  [{ bootTargets: ["media"] }, false],
  [{ bootTargets: ["disk"], virtualMedia: true }, false],
] as const)("a controller that boots agents in some way is in order: %j", (more, ok) => {
  expect(checkLines({ ...facts, ...more }).every((line) => line.ok)).toBe(ok);
});
