import { randomBytes } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Phase, ReportProgressRequestSchema } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { AgentClient, RawAnswer } from "../../test/support/agent-client.ts";
import { progressPath } from "../../test/support/agent-client.ts";
import { agentServer, type AgentServer } from "../../test/support/agent-server.ts";
import { operator, type TestMachine } from "../../test/support/fleet.ts";
import { transact } from "../database/transaction.ts";
import { providedUpdateAll } from "../database/queries/provider/provided-update.ts";
import { waitFor } from "../../test/support/wait.ts";
import { writerSilence } from "../../test/support/writer-silence.ts";

const success = { case: "success", value: {} } as const;
const error = { case: "error", value: { error: "the disk is gone" } } as const;

/** ReportProgress as it was on the wire. */
function say(
  client: AgentClient,
  { machineId }: TestMachine,
  report: { runId?: Uint8Array; generation: bigint; phase?: Phase },
): Promise<RawAnswer> {
  const message = create(ReportProgressRequestSchema, { machineId, phase: Phase.WRITING, ...report });
  return client.raw(progressPath, toBinary(ReportProgressRequestSchema, message));
}

async function installed(server: AgentServer, machine: TestMachine): Promise<bigint | undefined> {
  const [row] = await server.fleet.rows<{ generation: bigint }>(
    "SELECT generation FROM machine_os_installed WHERE machine_id = $1",
    machine.machineId,
  );
  return row?.generation;
}

/** Two runs that have the request, of which the first writes. */
async function writing(server: AgentServer) {
  const { machine, client } = await server.agent();
  const generation = await server.fleet.request(machine);
  const [first, second] = [randomBytes(16), randomBytes(16)];
  for (const runId of [first, second]) {
    expect((await client.heartbeat({ runId })).installationRequest?.generation).toBe(generation);
  }
  expect((await say(client, machine, { runId: first, generation })).code).toBe(status.OK);
  return { machine, client, generation, first, second };
}

test("X1: while one run writes, another's WRITING is unavailable, with a time to come again", async () => {
  await using server = await agentServer();
  const { machine, client, generation, first, second } = await writing(server);
  for (const phase of [Phase.WRITING, Phase.VERIFYING, Phase.BOOT_ENTRY]) {
    const refused = await say(client, machine, { runId: second, generation, phase });
    expect(refused.code).toBe(status.UNAVAILABLE);
    expect(Number(refused.metadata["grpc-retry-pushback-ms"])).toBeGreaterThan(0);
  }
  // What does not touch the disk is answered, and is not taken for the writer's progress.
  expect((await say(client, machine, { runId: second, generation, phase: Phase.SELECTING_DISK })).code).toBe(status.OK);
  expect(
    await server.fleet.rows(
      "SELECT run, phase FROM machine_os_installation_progress WHERE machine_id = $1",
      machine.machineId,
    ),
  ).toEqual([{ run: first, phase: "writing" }]);
  expect((await say(client, machine, { runId: first, generation, phase: Phase.VERIFYING })).code).toBe(status.OK);
  const history = await server.fleet.history(machine);
  expect(history.filter((line) => line.startsWith("agent_duplicate"))).toEqual([`agent_duplicate ${generation}`]);
  expect((await server.metrics.agentDuplicates.get()).values).toContainEqual(
    expect.objectContaining({ labels: { seen: "writing" }, value: 3 }),
  );
});

test("X1: only the writer's result counts; another's is kept in history, once a result", async () => {
  await using server = await agentServer();
  const { machine, client, generation, first, second } = await writing(server);
  for (const result of [success, error, success]) {
    const answer = await client.heartbeat({ runId: second, installationReport: { generation, result } });
    expect(answer.installationRequest?.generation).toBe(generation);
  }
  expect(await installed(server, machine)).toBeUndefined();
  await client.heartbeat({ runId: first, installationReport: { generation, result: success } });
  expect(await installed(server, machine)).toBe(generation);
  const answer = await client.heartbeat({ runId: second, installationReport: { generation, result: error } });
  expect(answer.cancelledGeneration).toBe(0n);
  expect(
    (await server.fleet.history(machine)).filter((line) => /report_|installation_(?:succ|fail)/u.test(line)),
  ).toEqual([
    `report_other_run ${generation}`,
    `report_other_run ${generation}`,
    `installation_succeeded ${generation}`,
  ]);
});

test("X1: a result that outlived its agent counts as the run's that did it", async () => {
  await using server = await agentServer();
  const { machine, client, generation, first } = await writing(server);
  const later = randomBytes(16);
  await client.heartbeat({ runId: later, installationReport: { generation, result: success, runId: first } });
  expect(await installed(server, machine)).toBe(generation);
});

test("X1: runs beside the writer use up none of the three, and the writer goes on", async () => {
  await using server = await agentServer();
  const { machine, client, generation, first } = await writing(server);
  for (let other = 0; other < 20; other += 1) {
    expect((await client.heartbeat({ runId: randomBytes(16) })).cancelledGeneration).toBe(0n);
  }
  expect((await say(client, machine, { runId: first, generation })).code).toBe(status.OK);
  const runs = await server.fleet.rows(
    "SELECT counted FROM machine_os_installation_run WHERE machine_id = $1",
    machine.machineId,
  );
  // The second had the request before there was a writer.
  expect(runs.filter(({ counted }) => counted === true)).toHaveLength(1);
  expect(runs.length).toBeLessThanOrEqual(16);
});

test("X1: a run takes over at once when the writer of its host is dead; a replaced writer is called off", async () => {
  await using server = await agentServer();
  const { machine, client, generation, first, second } = await writing(server);
  await client.heartbeat({ runId: second, endedRunId: first });
  expect((await say(client, machine, { runId: second, generation })).code).toBe(status.OK);
  expect((await client.heartbeat({ runId: first })).cancelledGeneration).toBe(generation);
  expect((await client.heartbeat({ runId: first })).installationRequest).toBeUndefined();
  expect(await client.progress({ generation, runId: first, phase: Phase.WRITING })).toBe(generation);
  await client.heartbeat({ runId: first, installationReport: { generation, result: success } });
  expect(await installed(server, machine)).toBeUndefined();
  await client.heartbeat({ runId: second, installationReport: { generation, result: success } });
  expect(await installed(server, machine)).toBe(generation);
  expect(await server.fleet.history(machine)).toContain(`installation_writer_replaced ${generation}`);
});

test("X1: of several ended runs told one after the other the writer is found, in any order", async () => {
  await using server = await agentServer();
  const { machine, client, generation, first, second } = await writing(server);
  const third = randomBytes(16);
  // The second never was the writer, and the next one is no run that the server knows.
  for (const endedRunId of [second, randomBytes(16)]) {
    await client.heartbeat({ runId: third, endedRunId });
    expect((await say(client, machine, { runId: third, generation })).code).toBe(status.UNAVAILABLE);
  }
  await client.heartbeat({ runId: third, endedRunId: first });
  expect((await say(client, machine, { runId: third, generation })).code).toBe(status.OK);
  // Told again, and by a later run: the writer of now is another one.
  await client.heartbeat({ runId: third, endedRunId: first });
  expect((await say(client, machine, { runId: randomBytes(16), generation })).code).toBe(status.UNAVAILABLE);
});

test("X1: the end of a run that writes on another machine changes nothing there", async () => {
  await using server = await agentServer();
  const { machine, client, generation, first, second } = await writing(server);
  const other = await writing(server);
  await other.client.heartbeat({ runId: other.second, endedRunId: first });
  expect((await say(client, machine, { runId: second, generation })).code).toBe(status.UNAVAILABLE);
  expect((await say(client, machine, { runId: first, generation })).code).toBe(status.OK);
  const asks = { runId: other.second, generation: other.generation };
  expect((await say(other.client, other.machine, asks)).code).toBe(status.UNAVAILABLE);
});

test("X1: what a dead run sent before it was killed, and arrives late, makes it no writer", async () => {
  await using server = await agentServer();
  const { machine, client, generation, first, second } = await writing(server);
  await client.heartbeat({ runId: second, endedRunId: first });
  // A phase that was under way.
  expect(await client.progress({ generation, runId: first, phase: Phase.VERIFYING })).toBe(generation);
  expect((await say(client, machine, { runId: second, generation })).code).toBe(status.OK);
  // A request for WRITING that was under way, before anybody writes.
  const fresh = await server.agent();
  const asked = await server.fleet.request(fresh.machine);
  const [dead, alive] = [randomBytes(16), randomBytes(16)];
  await fresh.client.heartbeat({ runId: dead });
  await fresh.client.heartbeat({ runId: alive, endedRunId: dead });
  expect(await fresh.client.progress({ generation: asked, runId: dead, phase: Phase.WRITING })).toBe(asked);
  expect(await fresh.client.progress({ generation: asked, runId: alive, phase: Phase.WRITING })).toBe(0n);
  // The dead run's result, kept on its host, counts as long as nobody took its place.
  const third = await writing(server);
  const result = { generation: third.generation, result: success, runId: third.first };
  await third.client.heartbeat({ runId: third.second, endedRunId: third.first, installationReport: result });
  expect(await installed(server, third.machine)).toBe(third.generation);
});

test("X1: a run that names itself as ended is refused", async () => {
  await using server = await agentServer();
  const { client, first } = await writing(server);
  await expect(client.heartbeat({ runId: first, endedRunId: first })).rejects.toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringContaining("ended_run_id") as unknown,
  });
});

test("X1: a waiting agent hears at once that another run took its place", async () => {
  await using server = await agentServer();
  const { machine, client, generation, first, second } = await writing(server);
  using watch = client.watch({ runId: first, lastSeenGeneration: generation });
  await waitFor(
    "the watch is registered",
    async () => (await server.metrics.agentWatches.get()).values[0]?.value === 1,
  );
  await client.heartbeat({ runId: second, endedRunId: first });
  await say(client, machine, { runId: second, generation });
  await waitFor("the news", () => watch.events.length > 0);
  expect(watch.events[0]).toMatchObject({ case: "cancelledGeneration", value: generation });
});

test("X1: silence counts for 90 s, and only while a server could have heard the writer", async () => {
  await using server = await agentServer();
  const { machine, client, generation, first, second } = await writing(server);
  const asks = async (): Promise<status> => (await say(client, machine, { runId: second, generation })).code;
  await writerSilence(server.fleet, machine, 80);
  expect(await asks()).toBe(status.UNAVAILABLE);
  // A heartbeat of the writer is a word of it.
  await client.heartbeat({ runId: first });
  await writerSilence(server.fleet, machine, 80);
  expect(await asks()).toBe(status.UNAVAILABLE);
  // The control plane was away for most of the time.
  await server.fleet.rows("UPDATE sessions SET session_created_at = now() - interval '60 seconds'");
  await server.fleet.rows("UPDATE machine_os_installation_writer SET heard_at = now() - interval '10 minutes'");
  expect(await asks()).toBe(status.UNAVAILABLE);
  await server.fleet.rows("UPDATE sessions SET session_created_at = now() - interval '95 seconds'");
  expect(await asks()).toBe(status.OK);
  expect((await client.heartbeat({ runId: first })).cancelledGeneration).toBe(generation);
});

test("X1: a heartbeat of the other run is no word of the writer", async () => {
  await using server = await agentServer();
  const { machine, client, generation, second } = await writing(server);
  await writerSilence(server.fleet, machine, 91);
  await client.heartbeat({ runId: second });
  expect((await say(client, machine, { runId: second, generation })).code).toBe(status.OK);
});

test("X1: a writer whose machine was seen without power since is over", async () => {
  await using server = await agentServer();
  const { machine, client, generation, first, second } = await writing(server);
  await server.fleet.rows("UPDATE machine_os_installation_writer SET power_off_at = clock_timestamp()");
  // Heard again after that: it has power.
  await client.heartbeat({ runId: first });
  expect((await say(client, machine, { runId: second, generation })).code).toBe(status.UNAVAILABLE);
  await server.fleet.rows("UPDATE machine_os_installation_writer SET power_off_at = clock_timestamp()");
  expect((await say(client, machine, { runId: second, generation })).code).toBe(status.OK);
});

test("X1: a writer whose provider says that its power is off is over, unless it was heard a moment ago", async () => {
  await using server = await agentServer();
  const { machine, client, generation, second } = await writing(server);
  const { database } = server.fleet;
  const { machineId, providerId } = machine;
  const change = {
    addMacs: [],
    removeMacs: [],
    setLabels: {},
    removeLabels: [],
    returned: false,
    controllerChanged: false,
  };
  const off = (): Promise<void> =>
    transact(database, null, (tx) =>
      providedUpdateAll(
        tx,
        "static",
        [{ ...change, machineId, listed: { providerId, macs: [], status: "off" }, wentOff: true }],
        operator,
      ),
    );
  await off();
  expect((await say(client, machine, { runId: second, generation })).code).toBe(status.UNAVAILABLE);
  await writerSilence(server.fleet, machine, 11);
  await off();
  expect((await say(client, machine, { runId: second, generation })).code).toBe(status.OK);
});

test("X1: a new key waits for the writer with the old one, as any other run does", async () => {
  await using server = await agentServer();
  const { machine, generation, first } = await writing(server);
  machine.agent = await server.fleet.rekey(machine);
  const client = server.client(machine);
  const runId = randomBytes(16);
  await client.heartbeat({ runId });
  expect((await say(client, machine, { runId, generation })).code).toBe(status.UNAVAILABLE);
  await client.heartbeat({ runId, endedRunId: first });
  expect((await say(client, machine, { runId, generation })).code).toBe(status.OK);
});

test("X1: an agent of the original becomes the writer when it gets the request; a second agent waits for it", async () => {
  await using server = await agentServer();
  const { machine, client } = await server.agent();
  const generation = await server.fleet.request(machine);
  expect((await client.heartbeat()).installationRequest?.generation).toBe(generation);
  const runId = randomBytes(16);
  await client.heartbeat({ runId });
  expect((await say(client, machine, { runId, generation })).code).toBe(status.UNAVAILABLE);
  await client.heartbeat({ runId, installationReport: { generation, result: success } });
  expect(await installed(server, machine)).toBeUndefined();
  await client.heartbeat({ installationReport: { generation, result: success } });
  expect(await installed(server, machine)).toBe(generation);
  // The other way round it is not handed the request while somebody writes.
  const next = await server.fleet.request(machine);
  await client.heartbeat({ runId });
  expect((await say(client, machine, { runId, generation: next })).code).toBe(status.OK);
  expect((await client.heartbeat()).installationRequest).toBeUndefined();
  await writerSilence(server.fleet, machine);
  expect((await client.heartbeat()).installationRequest?.generation).toBe(next);
  expect(await client.progress({ generation: next, runId, phase: Phase.WRITING })).toBe(next);
});

test("X1: the fourth run that would write ends the generation, also where each waited for the one before", async () => {
  await using server = await agentServer();
  const { machine, client } = await server.agent();
  const generation = await server.fleet.request(machine);
  for (let run = 0; run < 3; run += 1) {
    const runId = randomBytes(16);
    await client.heartbeat({ runId });
    await writerSilence(server.fleet, machine);
    expect(await client.progress({ generation, runId, phase: Phase.WRITING })).toBe(0n);
  }
  const runId = randomBytes(16);
  await client.heartbeat({ runId });
  await writerSilence(server.fleet, machine);
  expect(await client.progress({ generation, runId, phase: Phase.WRITING })).toBe(generation);
  expect((await server.fleet.history(machine)).at(-1)).toBe(`installation_failed ${generation}`);
});

test("X1: two live runs of one key are said, by calls that alternate", async () => {
  await using server = await agentServer();
  const { machine, client } = await server.agent();
  const [a, b, c] = [randomBytes(16), randomBytes(16), randomBytes(16)];
  const said = async (): Promise<number> =>
    (await server.fleet.history(machine)).filter((line) => line === "agent_duplicate").length;
  // A restart, and another: nobody comes back.
  for (const runId of [a, a, b, b, c]) {
    await client.heartbeat({ runId });
  }
  expect(await said()).toBe(0);
  for (const runId of [b, c, b]) {
    await client.heartbeat({ runId });
  }
  expect(await said()).toBe(1);
  expect((await server.metrics.agentDuplicates.get()).values).toContainEqual(
    expect.objectContaining({ labels: { seen: "alternating" }, value: 3 }),
  );
});

test("X1: two agents of the original with one key are said, by the connections that they call on", async () => {
  await using server = await agentServer();
  const machine = await server.fleet.add();
  const [older, newer] = [server.client(machine), server.client(machine)];
  await older.heartbeat();
  await newer.heartbeat();
  await newer.heartbeat();
  const said = async (): Promise<boolean> => (await server.fleet.history(machine)).includes("agent_duplicate");
  expect(await said()).toBe(false);
  await older.heartbeat();
  expect(await said()).toBe(true);
});

test("X4: what an agent is trying again is stored with the time at which it gives up, and goes with the next word", async () => {
  await using server = await agentServer();
  const { machine, client, generation, first } = await writing(server);
  const stored = async (): Promise<Record<string, unknown> | undefined> =>
    (
      await server.fleet.rows(
        `SELECT last_error, round(extract(epoch FROM gives_up_at - progressed_at))::integer AS seconds
         FROM machine_os_installation_progress WHERE machine_id = $1`,
        machine.machineId,
      )
    )[0];
  const progress = { generation, runId: first, phase: Phase.WRITING };
  await client.progress({ ...progress, lastError: "503", givesUpInSeconds: 90 });
  expect(await stored()).toEqual({ last_error: "503", seconds: 90 });
  await client.progress({ ...progress, lastError: "no route", givesUpInSeconds: 0 });
  expect(await stored()).toEqual({ last_error: "no route", seconds: null });
  await client.progress({ ...progress, bytesDone: 7n });
  expect(await stored()).toEqual({ last_error: "", seconds: null });
  for (const bad of [
    { lastError: "x".repeat(1025) },
    { lastError: "a\0b" },
    { lastError: "x", givesUpInSeconds: -1 },
  ]) {
    await expect(client.progress({ ...progress, ...bad })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  }
});

test("features are stored for the agent that names them, and removed when the next agent names none", async () => {
  await using server = await agentServer();
  const { machine, client } = await server.agent();
  const stored = (): Promise<unknown[]> =>
    server.fleet.rows("SELECT features FROM machine_agent_features WHERE machine_id = $1", machine.machineId);
  await client.heartbeat({ feature: ["vendor-data", "mirror", "mirror"] });
  expect(await stored()).toEqual([{ features: ["mirror", "vendor-data"] }]);
  await client.heartbeat();
  expect(await stored()).toHaveLength(1);
  await client.heartbeat({ hardwareReport: { warning: ["started anew"] } });
  expect(await stored()).toEqual([]);
  for (const feature of [[""], ["a b"], ["x".repeat(65)], Array.from({ length: 33 }, (_, index) => `f${index}`)]) {
    await expect(client.heartbeat({ feature })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  }
});

test("C8: a request stored by SQL counts as requested, also after another has replaced it", async () => {
  await using server = await agentServer();
  const { machine, client } = await server.agent();
  await server.fleet.rows(
    `INSERT INTO machine_os_installation_request (machine_id, generation, os_installation_request_raw)
     VALUES ($1, 5, $2)`,
    machine.machineId,
    Buffer.from([0x08, 0x05]),
  );
  await server.fleet.request(machine, { replace: 5n });
  await client.heartbeat({ installationReport: { generation: 5n, result: success } });
  const history = await server.fleet.history(machine);
  expect(history.filter((line) => / [56]$/u.test(line))).toEqual([
    "installation_requested 5",
    "installation_replaced 5",
    "installation_requested 6",
    "report_late 5",
    "installation_handed_out 6",
  ]);
});

test("C8: of many generations never asked for the first report of each is kept, the rest are counted", async () => {
  await using server = await agentServer();
  const { machine, client } = await server.agent();
  for (let generation = 1n; generation <= 25n; generation += 1n) {
    await client.heartbeat({ installationReport: { generation, result: success } });
    await client.heartbeat({ installationReport: { generation, result: error } });
  }
  const history = await server.fleet.history(machine);
  expect(history.filter((line) => line.startsWith("report_"))).toEqual(
    Array.from({ length: 25 }, (_, index) => `report_unasked ${index + 1}`),
  );
  expect((await server.metrics.unaskedReports.get()).values[0]?.value).toBe(50);
});
