import { expect, test } from "vitest";
import { generation, machineId } from "../../../database/ids.ts";
import { machineStates, type MachineStateName } from "../../../database/machine-state.ts";
import { machineStateOf } from "../../../database/queries/views/machine-record-state.ts";
import type { InstallationRecord, MachineRecord } from "../../../database/queries/views/machine-record.ts";
import { explain } from "../explain.ts";
import type { ExplainFacts } from "../facts.ts";

const now = new Date("2026-05-01T12:00:00Z");
const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1000);

const installation = (more: Partial<InstallationRecord> = {}): Pick<MachineRecord, "installation"> => ({
  installation: {
    generation: generation(3n),
    requestRaw: new Uint8Array(),
    requestedAt: ago(600),
    pending: true,
    runs: 1,
    ...more,
  },
});

function facts(state: MachineStateName, more: Partial<Omit<MachineRecord, "state">>): ExplainFacts {
  const parts: Omit<MachineRecord, "state"> = {
    machineId: machineId("123e4567-e89b-42d3-a456-426614174000"),
    name: "box",
    labels: {},
    createdAt: ago(9_000),
    lastGeneration: 3n,
    agent: { startedAt: ago(900), publicKey: new Uint8Array(32), heartbeatAt: ago(1) },
    work: [],
    backoffs: [],
    identity: { macs: [] },
    ...more,
  };
  const record: MachineRecord = { ...parts, state: { since: ago(60), ...machineStateOf(state, parts) } };
  return { record, now, shepherd: true, serverSince: ago(9_000), silence: { started: 1_800_000, heartbeat: 600_000 } };
}

const causes = (about: ExplainFacts): string[] => explain(about).causes.map(({ kind, text }) => `${kind}: ${text}`);

test("X4: the operation that the agent is retrying is quoted at once, with when it gives up", () => {
  const progress = { phase: "selecting-disk", bytesDone: 0n, bytesTotal: 0n, detail: "", at: ago(2) } as const;
  const lastError = "http://images.example/x answered 503";
  const trying = { ...progress, lastError, givesUpAt: ago(-90) };
  const about = facts("installing", installation({ progress: trying }));
  expect(causes(about)).toEqual([
    "trying-again: the agent is retrying, it gives up at 2026-05-01T12:01:30.000Z, in 1 min 30 s; it reported 2 s ago: " +
      lastError,
  ]);
  expect(causes(facts("installing", installation({ progress: { ...progress, lastError } })))[0]).toContain(
    "it retries until it succeeds",
  );
  expect(causes(facts("installing", installation({ progress })))).toEqual([]);
  expect(causes(facts("install-failed", installation({ pending: false, progress: trying })))).toEqual([]);
});

test("X1: two live agents are a cause, in whatever state the machine is, and for some minutes only", () => {
  const agent = { startedAt: ago(900), publicKey: new Uint8Array(32), heartbeatAt: ago(1) };
  for (const state of machineStates) {
    expect(causes(facts(state, { agent: { ...agent, duplicateAt: ago(30) } })).join()).toMatch(
      /duplicate-agent: two agents use this machine's identity: both called 30 s ago/u,
    );
  }
  expect(causes(facts("ready", { agent: { ...agent, duplicateAt: ago(601) } })).join()).not.toContain("two agents");
  const rival = { run: "bbbb", key: "cccc", at: ago(5) };
  const writer = { run: "aaaa", heardAt: ago(12), rival };
  const [refused] = causes(facts("installing", installation({ writer })));
  expect(refused).toMatch(
    /run bbbb \(key cccc\) asked to write 5 s ago while run aaaa is the writer, last heard 12 s ago/u,
  );
  expect(causes(facts("installed", installation({ pending: false, writer }))).join()).not.toContain("two agents");
});

test("X9: that the disk is half-written, and what is pending, is said in every state until it changes", () => {
  const unfinishedDisk = { generation: generation(2n), begunAt: ago(120) };
  for (const state of machineStates) {
    const said = causes(facts(state, { ...installation(), unfinishedDisk })).join("\n");
    expect(said, state).toMatch(/disk-unfinished: its disk is half-written: generation 2 began to write 2 min ago/u);
    const itself = state === "installing" || state === "install-pending";
    expect(said.includes("pending: generation 3 is requested"), state).toBe(!itself);
  }
  // The machine's state says that it writes now.
  const now3 = { generation: generation(3n), begunAt: ago(10) };
  expect(causes(facts("installing", { ...installation(), unfinishedDisk: now3 })).join()).not.toContain("half-written");
  expect(causes(facts("agent-lost", { ...installation(), unfinishedDisk: now3 })).join()).toContain("half-written");
});

test("X9: whatever is pending can be cancelled, in every state in which a shepherd acts", () => {
  for (const state of ["agent-lost", "starting-agent", "recovering", "backing-off"] as const) {
    expect(explain(facts(state, installation())).remedies.join("\n"), state).toContain(
      "farrier machine cancel box --generation 3",
    );
  }
});
