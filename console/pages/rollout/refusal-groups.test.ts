import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { RolloutMachineSchema, RolloutMachineState } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { refusalGroups } from "./refusal-groups.ts";

const machine = (machineId: string, more: { refused?: string; changed?: string; state?: RolloutMachineState } = {}) =>
  create(RolloutMachineSchema, { machineId, name: `web-${machineId}`, state: RolloutMachineState.PLANNED, ...more });

test("refusals and changes are grouped by reason, the most frequent first; what has begun is not among them", () => {
  const groups = refusalGroups([
    machine("m1"),
    machine("m2", { refused: "no disk" }),
    machine("m3", { refused: "it is in quarantine" }),
    machine("m4", { refused: "it is in quarantine" }),
    machine("m5", { changed: "its labels changed since the plan" }),
    machine("m6", { refused: "no disk", state: RolloutMachineState.LEFT_OUT }),
  ]);
  expect(
    groups.map(({ cause, machines, machineId, machineName, error }) => [
      ...[cause, machines, machineId, machineName, error],
    ]),
  ).toEqual([
    ["refused by the plan", 2, "m3", "web-m3", "it is in quarantine"],
    ["refused by the plan", 1, "m2", "web-m2", "no disk"],
    ["changed since the plan", 1, "m5", "web-m5", "its labels changed since the plan"],
  ]);
});
