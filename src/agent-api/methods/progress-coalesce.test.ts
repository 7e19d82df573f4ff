import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { agentServer, type AgentServer } from "../../../test/support/agent-server.ts";
import { silent, type TestMachine } from "../../../test/support/fleet.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { Phase } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { agentKey, machineId } from "../../database/ids.ts";
import type { ProgressEntry } from "../../database/queries/installation/progress.ts";
import { progressCoalesce } from "./progress-coalesce.ts";

async function progressOf(server: AgentServer, machine: TestMachine) {
  const [row] = await server.fleet.rows<{ phase: string; bytes_done: bigint; written: string }>(
    "SELECT phase, bytes_done, xmin::text AS written FROM machine_os_installation_progress WHERE machine_id = $1",
    machine.machineId,
  );
  return row;
}

async function writing(server: AgentServer) {
  const { machine, client } = await server.agent();
  const runId = randomBytes(16);
  const generation = await server.fleet.request(machine);
  await client.heartbeat({ runId });
  const report = (bytesDone: bigint, phase: Phase = Phase.WRITING) =>
    client.progress({ generation, runId, phase, bytesDone, bytesTotal: 1000n });
  // The server holds nothing back until it listens for changes.
  await waitFor("the server listens", async () => {
    const rows = await server.fleet.rows(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'",
    );
    return rows.length === 1;
  });
  return { machine, client, generation, report, runId };
}

describe("byte counts", () => {
  test("of one phase arrive in the end", async () => {
    await using server = await agentServer();
    const { machine, report } = await writing(server);
    await report(0n);
    expect(await progressOf(server, machine)).toMatchObject({ phase: "writing", bytes_done: 0n });
    for (let bytes = 1n; bytes <= 200n; bytes += 1n) {
      expect(await report(bytes)).toBe(0n);
    }
    await waitFor("the last count", async () => (await progressOf(server, machine))?.bytes_done === 200n);
  });

  test("never outlive a cancellation: the next one is told", async () => {
    await using server = await agentServer();
    const { machine, generation, report } = await writing(server);
    await report(0n);
    await report(1n);
    await server.fleet.cancel(machine);
    const told = await waitFor("the cancellation", async () => (await report(2n)) || undefined, { timeoutMs: 60_000 });
    expect(told).toBe(generation);
  });

  test("never outlive the end that another call reported: the next one is told", async () => {
    await using server = await agentServer();
    const { client, generation, report, runId } = await writing(server);
    const other = randomBytes(16);
    await client.heartbeat({ runId: other });
    await report(0n);
    await report(1n);
    const result = { case: "error", value: { error: "the image can't be had" } } as const;
    await client.heartbeat({ runId: other, installationReport: { generation, result, runId } });
    let bytes = 1n;
    const told = await waitFor("the end", async () => (await report((bytes += 1n))) || undefined, {
      timeoutMs: 60_000,
    });
    expect(told).toBe(generation);
  });

  test("of a replaced key are refused", async () => {
    await using server = await agentServer();
    const { machine, report } = await writing(server);
    await report(0n);
    await report(1n);
    await server.fleet.rekey(machine);
    const refused = await waitFor("the refusal", () =>
      report(2n).then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
    expect(refused).toMatchObject({ message: expect.stringContaining("UNAUTHENTICATED") as string });
  });

  test("a new phase is committed before it is answered", async () => {
    await using server = await agentServer();
    const { machine, report } = await writing(server);
    await report(0n);
    await report(1n);
    await report(1000n, Phase.VERIFYING);
    expect(await progressOf(server, machine)).toMatchObject({ phase: "verifying", bytes_done: 1000n });
  });
});

test("two hundred byte counts of one phase are one write, of the last of them", async () => {
  const clock = new FakeClock();
  const written: bigint[][] = [];
  await using coalesce = progressCoalesce({
    clock,
    log: silent,
    flush: async (entries) => void written.push(entries.map(({ bytesDone }) => bytesDone)),
  });
  const entry = (bytesDone: bigint): ProgressEntry => ({
    machineId: machineId("123e4567-e89b-42d3-a456-426614174000"),
    generation: 1n,
    publicKey: agentKey(Buffer.alloc(32)),
    run: Buffer.alloc(16),
    phase: "writing",
    bytesDone,
    bytesTotal: 1_000n,
    detail: "",
  });
  coalesce.listening();
  coalesce.recording(entry(0n))(true);
  for (let bytes = 1n; bytes <= 200n; bytes += 1n) {
    expect(coalesce.keep(entry(bytes))).toBe(true);
  }
  expect(written).toEqual([]);
  await clock.advance(1_000);
  expect(written).toEqual([[200n]]);
  await clock.advance(1_000);
  expect(written).toEqual([[200n]]);
});

test("C8: phases in turn without end leave 200 entries of a generation in history", async () => {
  await using server = await agentServer();
  const { machine, generation: asked, report } = await writing(server);
  await server.fleet.rows(
    `INSERT INTO history (machine_id, actor_kind, actor, generation, event)
     SELECT $1, 'agent', 'x', $2, 'installation_progressed' FROM generate_series(1, 199)`,
    machine.machineId,
    asked,
  );
  for (const phase of [Phase.WRITING, Phase.SELECTING_DISK, Phase.WRITING]) {
    expect(await report(0n, phase)).toBe(0n);
  }
  const told = (await server.fleet.history(machine)).filter((event) => event.startsWith("installation_progressed"));
  expect(told).toHaveLength(200);
  expect(await progressOf(server, machine)).toMatchObject({ phase: "writing" });
});
