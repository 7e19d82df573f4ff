import { randomBytes, randomUUID } from "node:crypto";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LogLevel, ReportLogRequestSchema } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { type AgentClient, agentClient, identityOf, type RawAnswer } from "../../../test/support/agent-client.ts";
import { agentServer, type AgentServer } from "../../../test/support/agent-server.ts";
import type { TestMachine } from "../../../test/support/fleet.ts";
import { agentLogRead } from "../../database/queries/agent/agent-log.ts";
import { machineDelete } from "../../database/queries/machine/machine-delete.ts";
import type { RequestId } from "../../database/ids.ts";
import { ed25519KeyPair } from "../../lib/tls/ed25519.ts";

const path = "/farrier.agent.v1.AgentService/ReportLog";
type Log = MessageInitShape<typeof ReportLogRequestSchema>;
const line = (text: string): { atMs: bigint; level: LogLevel; text: string } => ({
  atMs: 1n,
  level: LogLevel.INFO,
  text,
});

let server: AgentServer;
beforeAll(async () => {
  server = await agentServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());

async function send(client: AgentClient, log: Log): Promise<RawAnswer> {
  return client.raw(path, toBinary(ReportLogRequestSchema, create(ReportLogRequestSchema, log)));
}

async function kept({ machineId }: TestMachine): Promise<{ lines: number; bytes: number; calls: number }> {
  const [row] = await server.fleet.rows<{ lines: number; bytes: number; calls: number }>(
    `SELECT coalesce(sum(line_count), 0)::integer AS lines, coalesce(sum(octet_length(agent_log_raw)), 0)::integer AS bytes,
       count(*)::integer AS calls FROM machine_agent_log WHERE machine_id = $1`,
    machineId,
  );
  return row ?? { lines: -1, bytes: -1, calls: -1 };
}

test("lines are kept as they came, in their order, and a repeated call is kept once", async () => {
  const { machine, client } = await server.agent();
  const { machineId } = machine;
  const runId = randomBytes(16);
  const first = { machineId, runId, sequence: 1n, lines: [line("one"), line("two")], dropped: 3n };
  for (const request of [first, first, { machineId, runId, sequence: 2n, lines: [line("three")] }]) {
    expect((await send(client, request)).code).toBe(status.OK);
  }
  // Of a run without an id, the key counts.
  expect((await send(client, { machineId, sequence: 1n, lines: [line("four")] })).code).toBe(status.OK);
  const records = await agentLogRead(server.fleet.database, machineId, 0n);
  expect(records.map(({ raw }) => Buffer.from(raw))).toEqual(
    [
      first,
      { machineId, runId, sequence: 2n, lines: [line("three")] },
      { machineId, sequence: 1n, lines: [line("four")] },
    ].map((request) => Buffer.from(toBinary(ReportLogRequestSchema, create(ReportLogRequestSchema, request)))),
  );
  expect((await agentLogRead(server.fleet.database, machineId, records[0]?.number ?? -1n)).length).toBe(2);
});

test("of a machine that logs for ever the latest 500 lines or 128 KiB are kept, and another's stay", async () => {
  const { machine, client } = await server.agent();
  const other = await server.agent();
  await send(other.client, { machineId: other.machine.machineId, sequence: 1n, lines: [line("other")] });
  const { machineId } = machine;
  for (let sequence = 1n; sequence <= 8n; sequence += 1n) {
    const lines = Array.from({ length: 120 }, (_, index) => line(`${sequence}.${index}`));
    expect((await send(client, { machineId, sequence, lines })).code).toBe(status.OK);
  }
  expect(await kept(machine)).toMatchObject({ lines: 480, calls: 4 });
  for (let sequence = 9n; sequence <= 14n; sequence += 1n) {
    const lines = Array.from({ length: 40 }, () => line("x".repeat(1024)));
    expect((await send(client, { machineId, sequence, lines })).code).toBe(status.OK);
  }
  const full = await kept(machine);
  expect(full.bytes).toBeLessThanOrEqual(128 << 10);
  expect(full.calls).toBe(3);
  expect(await kept(other.machine)).toMatchObject({ lines: 1 });
});

describe("refuses", () => {
  test("all callers other than that machine's agent with the same answer, and stores nothing", async () => {
    const { machine, client } = await server.agent();
    const stranger = agentClient(server.port, identityOf(ed25519KeyPair()));
    const nobody = agentClient(server.port, undefined);
    try {
      const lines = [line("x")];
      const answers = await Promise.all([
        send(stranger, { machineId: machine.machineId, sequence: 1n, lines }),
        send(stranger, { machineId: randomUUID(), sequence: 1n, lines }),
        send(client, { machineId: randomUUID(), sequence: 1n, lines }),
        send(nobody, { machineId: machine.machineId, sequence: 1n, lines }),
      ]);
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
      expect(answers[0]?.code).toBe(status.UNAUTHENTICATED);
      expect(await kept(machine)).toMatchObject({ calls: 0 });
    } finally {
      stranger[Symbol.dispose]();
      nobody[Symbol.dispose]();
    }
  });

  test.each<[string, Log, RegExp]>([
    ["no machine", { lines: [line("x")] }, /^machine_id invalid$/u],
    ["a run id of another length", { runId: randomBytes(3), lines: [line("x")] }, /run_id has 3 bytes/u],
    ["a negative sequence", { sequence: -1n, lines: [line("x")] }, /must not be negative/u],
    ["a negative count", { dropped: -1n, lines: [line("x")] }, /must not be negative/u],
    ["no lines", {}, /lines has 0 entries: expected 1 to 200/u],
    ["too many lines", { lines: Array.from({ length: 201 }, () => line("x")) }, /lines has 201 entries/u],
    ["a long line", { lines: [line("ü".repeat(600))] }, /at most 1024 bytes/u],
    ["a NUL byte", { lines: [line("a\0b")] }, /no NUL bytes/u],
    ["a time before time", { lines: [{ ...line("x"), atMs: -1n }] }, /at_ms is -1/u],
    ["a time that no date has", { lines: [{ ...line("x"), atMs: 1n << 62n }] }, /at_ms is 4611686018427387904/u],
    ["a call that is too large", { lines: Array.from({ length: 80 }, () => line("x".repeat(1000))) }, /at most 65536/u],
  ])("%s", async (_what, log, details) => {
    const { machine, client } = await server.agent();
    const machineId = log.lines?.length === 1 && _what === "no machine" ? "not-a-uuid" : machine.machineId;
    const answer = await send(client, { machineId, ...log });
    expect([answer.code, answer.details]).toEqual([status.INVALID_ARGUMENT, expect.stringMatching(details)]);
    expect(await kept(machine)).toMatchObject({ calls: 0 });
  });

  test("garbage", async () => {
    const { client } = await server.agent();
    for (const bytes of [randomBytes(500), Buffer.from([0x0a, 0xff]), Buffer.alloc(0)]) {
      expect((await client.raw(path, bytes)).code).toBe(status.INVALID_ARGUMENT);
    }
  });

  test("an agent that calls without a pause, for a while, and only that one", async () => {
    const { machine, client } = await server.agent();
    const other = await server.agent();
    const { machineId } = machine;
    const answers: RawAnswer[] = [];
    for (let sequence = 1n; sequence <= 40n; sequence += 1n) {
      answers.push(await send(client, { machineId, sequence, lines: [line("x")] }));
    }
    const limited = answers.filter(({ code }) => code === status.UNAVAILABLE);
    expect(limited.length).toBeGreaterThan(0);
    expect(Number(limited[0]?.metadata["grpc-retry-pushback-ms"])).toBeGreaterThan(0);
    // Its heartbeats, and others' logs, are taken all the same.
    await client.heartbeat();
    const request = { machineId: other.machine.machineId, sequence: 1n, lines: [line("x")] };
    expect((await send(other.client, request)).code).toBe(status.OK);
  });
});

test("goes with its machine", async () => {
  const { machine, client } = await server.agent();
  const { machineId } = machine;
  await send(client, { machineId, sequence: 1n, lines: [line("x")] });
  await machineDelete(server.fleet.database, {
    machineId,
    requestId: randomUUID() as RequestId,
    command: "machine_delete",
    bodyDigest: Buffer.alloc(32),
    actor: { kind: "operator", name: "test" },
  });
  expect(await kept(machine)).toMatchObject({ calls: 0 });
  expect((await send(client, { machineId, sequence: 2n, lines: [line("x")] })).code).toBe(status.UNAUTHENTICATED);
});
