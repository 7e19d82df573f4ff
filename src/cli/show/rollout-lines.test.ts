import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  RolloutCountsSchema,
  RolloutMachineSchema,
  RolloutMachineState,
  RolloutShowResponseSchema,
} from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { rolloutCountsWords, rolloutLines, rolloutMachineRow } from "./rollout-lines.ts";

test("what the plan refuses is not counted as planned", () => {
  const counts = create(RolloutCountsSchema, { machines: 20, planned: 20, refused: 18 });
  expect(rolloutCountsWords(counts)).toBe("2 planned, 18 refused of 20");
  expect(rolloutCountsWords(create(RolloutCountsSchema, { machines: 20, planned: 20 }))).toBe("20 planned");
});

test("a machine that the plan refuses is shown so, with the reason", () => {
  const planned = { name: "web1", wave: 1, state: RolloutMachineState.PLANNED };
  expect(rolloutMachineRow(create(RolloutMachineSchema, { ...planned, refused: "it is in quarantine" }))).toEqual([
    "web1",
    "1",
    "refused",
    "",
    "",
    "",
    "it is in quarantine",
  ]);
  expect(rolloutMachineRow(create(RolloutMachineSchema, planned))[2]).toBe("planned");
});

test("the example of a cause is named by its name, and by its UUID where it has none", () => {
  const cause = {
    state: RolloutMachineState.FAILED,
    cause: "disk-busy",
    machines: 2,
    machineId: "5e1f",
    error: "in use",
  };
  const causes = [{ ...cause, machineName: "web1" }, cause];
  const shown = rolloutLines(create(RolloutShowResponseSchema, { rollout: { name: "tonight" }, causes }), new Date());
  expect(shown).toMatch(
    /^failed +2 by disk-busy, such as web1: in use\nfailed +2 by disk-busy, such as 5e1f: in use$/mu,
  );
});
