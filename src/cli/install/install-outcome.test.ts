import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  CameUpUnasked,
  InstallationState,
  MachineSchema,
  MachineState,
  type CameUpSchema,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
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

const at = timestampFromDate(new Date("2026-05-04T03:01:00Z"));
const expected = { expectedGeneration: 3n, withinSeconds: 900, deadline: at };

test.each<[string, MessageInitShape<typeof CameUpSchema>, unknown]>([
  [
    "is expected",
    expected,
    {
      kind: "coming-up",
      words: "installed, waiting for its system to report by 2026-05-04T03:01:00Z that it came up",
    },
  ],
  [
    "is of an earlier generation",
    { ...expected, report: { generation: 2n, addresses: ["10.0.0.1"] } },
    expect.objectContaining({ kind: "coming-up" }),
  ],
  [
    "was heard",
    { ...expected, report: { generation: 3n, from: "10.0.0.9", addresses: ["10.0.0.1"] } },
    { kind: "succeeded", cameUp: { from: "10.0.0.9", addresses: ["10.0.0.1"] } },
  ],
  [
    "was heard after the silence",
    { ...expected, silentAt: at, report: { generation: 3n, from: "10.0.0.9" } },
    { kind: "succeeded", cameUp: { from: "10.0.0.9", addresses: [] } },
  ],
  [
    "did not come in time",
    { ...expected, silentAt: at },
    { kind: "silent", reason: "its system did not report within 15 min that it came up" },
  ],
  [
    "is not waited for",
    { expectedGeneration: 3n, unasked: CameUpUnasked.LISTENER },
    { kind: "succeeded", unasked: expect.stringMatching(/^no report .* start the server with --came-up$/u) },
  ],
  ["was expected of another generation", { ...expected, expectedGeneration: 2n }, { kind: "succeeded" }],
])("generation 3 succeeded, and its report %s", (_what, cameUp, outcome) => {
  const installation = { generation: 3n, state: SUCCEEDED };
  expect(installOutcome(create(MachineSchema, { installation, cameUp }), 3n)).toEqual(outcome);
  // A quarantine hides the state, not what was reported; a newer request takes the place whatever comes.
  const hidden = { installation, cameUp, standing: { state: MachineState.QUARANTINED } };
  expect(installOutcome(create(MachineSchema, hidden), 3n)).toEqual(outcome);
  const newer = { installation: { generation: 4n, state: PENDING }, cameUp };
  expect(installOutcome(create(MachineSchema, newer), 3n).kind).toBe("replaced");
});
