import { create, toBinary } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { beforeAll, expect, test } from "vitest";
import { LogLevel, ReportLogRequestSchema } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { type TestMachine } from "../../../test/support/fleet.ts";
import { operatorFixture } from "../testing/operator-fixture.ts";

const { fleet, clients } = await operatorFixture();
let machine: TestMachine;
let silent: TestMachine;
beforeAll(async () => {
  machine = await fleet.add();
  silent = await fleet.add();
  await store(1, ["one", "two"], 3n);
  await store(2, ["three"]);
});

/** As an agent's call leaves it. */
async function store(sequence: number, texts: readonly string[], dropped = 0n, raw?: Buffer): Promise<void> {
  const lines = texts.map((text) => ({ atMs: 1_767_225_600_000n, level: LogLevel.WARN, text }));
  const sent = Buffer.from(toBinary(ReportLogRequestSchema, create(ReportLogRequestSchema, { lines, dropped })));
  await fleet.rows(
    `INSERT INTO machine_agent_log (machine_id, run, sequence, line_count, agent_log_raw) VALUES ($1, $2, $3, $4, $5)`,
    machine.machineId,
    Buffer.alloc(16, 0xab),
    sequence,
    texts.length,
    raw ?? sent,
  );
}

const log = (request: { machine?: string; lines?: number; cursor?: string } = {}) =>
  clients.machines.machineLog({ machine: machine.machineId, ...request });

test("all that is kept, or the latest lines, the oldest first", async () => {
  const { lines, machineId } = await log();
  expect(machineId).toBe(machine.machineId);
  expect(lines.map(({ text, droppedBefore }) => [text, droppedBefore])).toEqual([
    ["one", 3n],
    ["two", 0n],
    ["three", 0n],
  ]);
  const [first] = lines;
  expect(first).toMatchObject({ level: LogLevel.WARN, run: "abababababababab" });
  expect(first?.at && timestampDate(first.at).toISOString()).toBe("2026-01-01T00:00:00.000Z");
  expect((await log({ lines: 2 })).lines.map(({ text }) => text)).toEqual(["two", "three"]);
  expect(await clients.machines.machineLog({ machine: silent.machineId })).toMatchObject({
    lines: [],
    nextCursor: "0",
  });
});

test("a cursor brings what came since, and stays where nothing did", async () => {
  const { nextCursor } = await log();
  expect(await log({ cursor: nextCursor })).toMatchObject({ lines: [], nextCursor });
  await store(3, ["four"]);
  // What can't be read is passed over, and not met again.
  await store(4, ["x"], 0n, Buffer.from([0xff]));
  const next = await log({ cursor: nextCursor });
  expect(next.lines.map(({ text }) => text)).toEqual(["four"]);
  expect((await log({ cursor: next.nextCursor })).lines).toEqual([]);
});

test.each([
  [{ lines: -1 }, Code.InvalidArgument, /lines: is negative/u],
  [{ lines: 1_001 }, Code.InvalidArgument, /lines: expected at most 1000/u],
  [{ cursor: "x" }, Code.InvalidArgument, /cursor: is not a cursor/u],
  [{ cursor: "9".repeat(30) }, Code.InvalidArgument, /cursor/u],
  [{ machine: "nobody" }, Code.NotFound, /nobody/u],
  [{ machine: "00000000-0000-4000-8000-000000000000" }, Code.NotFound, /there is no machine/u],
])("%j is refused", async (request, code, message) => {
  const error = await log(request).then(
    () => undefined,
    (reason: unknown) => ConnectError.from(reason),
  );
  expect([error?.code, error?.rawMessage]).toEqual([code, expect.stringMatching(message)]);
});
