import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { MachineSchema } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { emptyInstallForm } from "./install-form.ts";
import { decidingKey } from "./deciding-key.ts";
import { dryRunsOf } from "./dry-run.ts";

const digest = `sha256:${"0a".repeat(32)}`;
const form = { ...emptyInstallForm, url: "https://images.example/x.raw", digest, selector: "serial=S1" };
const machines = [create(MachineSchema, { id: "one" })];
const known = {
  machines,
  form,
  runs: [{ kind: "planned", plan: undefined, warnings: [], profile: "", image: "" }],
} as const;

test("a plan holds for the form and the machine that it was made for, and for no other", () => {
  expect(dryRunsOf(known, machines, form)).toEqual(known.runs);
  expect(dryRunsOf(known, machines, { ...form, selector: "serial=S2" })).toEqual([{ kind: "asking" }]);
  expect(dryRunsOf(known, machines, { ...form, selector: "" })).toEqual([{ kind: "incomplete" }]);
  expect(dryRunsOf(known, [create(MachineSchema, { id: "one" })], form)).toEqual([{ kind: "asking" }]);
  expect(dryRunsOf(undefined, machines, form)).toEqual([{ kind: "asking" }]);
});

test("a new hardware report, generation or quarantine makes another machine of it; a heartbeat does not", () => {
  const keyOf = (machine: MessageInitShape<typeof MachineSchema>): string =>
    decidingKey(create(MachineSchema, { id: "one", hardwareReportedAt: timestampFromMs(1_000), ...machine }));
  const key = keyOf({});
  expect(keyOf({ agent: { heartbeatAt: timestampFromMs(5_000) } })).toBe(key);
  expect(keyOf({ hardwareReportedAt: timestampFromMs(2_000) })).not.toBe(key);
  expect(keyOf({ installation: { generation: 2n } })).not.toBe(key);
  expect(keyOf({ installed: { generation: 1n } })).not.toBe(key);
  expect(keyOf({ quarantine: {} })).not.toBe(key);
});
