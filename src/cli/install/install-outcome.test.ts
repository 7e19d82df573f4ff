import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { InstallationState, MachineSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { installOutcome } from "./install-outcome.ts";

const { PENDING, SUCCEEDED, FAILED, CANCELLED } = InstallationState;

test.each<[string, MessageInitShape<typeof MachineSchema>, string, RegExp | undefined]>([
  ["pending", { installation: { generation: 3n, state: PENDING } }, "pending", undefined],
  ["a later server's state", { installation: { generation: 3n, state: 77 as 1 } }, "pending", undefined],
  ["succeeded", { installation: { generation: 3n, state: SUCCEEDED } }, "succeeded", undefined],
  ["failed", { installation: { generation: 3n, state: FAILED, error: "no disk" } }, "failed", /^no disk$/u],
  ["failed for no reason", { installation: { generation: 3n, state: FAILED } }, "failed", /no reason/u],
  ["cancelled", { installation: { generation: 3n, state: CANCELLED, error: "why" } }, "cancelled", /^why$/u],
  ["replaced", { installation: { generation: 4n, state: SUCCEEDED } }, "replaced", /generation 4 took its place/u],
  ["an older one", { installation: { generation: 2n, state: SUCCEEDED } }, "failed", /no generation 3 any more/u],
  ["none", {}, "failed", /no generation 3 any more/u],
])("generation 3, where the machine shows %s", (_what, machine, kind, reason) => {
  const outcome = installOutcome(create(MachineSchema, machine), 3n);
  expect(outcome.kind).toBe(kind);
  if (reason !== undefined) {
    expect("reason" in outcome && outcome.reason).toMatch(reason);
  }
});
