import { randomBytes } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AgentHeartbeatRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { Phase } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import { heartbeatPath } from "../../test/support/agent-client.ts";
import { agentServer, type AgentServer } from "../../test/support/agent-server.ts";
import { requestRaw } from "../../test/support/fleet.ts";
import { wireBytes } from "./wire.ts";

let server: AgentServer;
beforeAll(async () => {
  server = await agentServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());

/** AgentHeartbeatResponse with that request in it. */
const responseWith = (request: Uint8Array): Buffer => Buffer.concat(wireBytes(1, request));

describe("the flow of an installation, over a real TLS connection", () => {
  test("no request, request 123 as often as asked, report, none, 234, report of 123 again, 234, report, none", async () => {
    const { fleet } = server;
    const { machine, client } = await server.agent();
    const heartbeat = async (installationReport?: { generation: bigint }): Promise<bigint | undefined> =>
      (await client.heartbeat(installationReport === undefined ? {} : { installationReport })).installationRequest
        ?.generation;

    expect(await heartbeat()).toBeUndefined();
    await fleet.request(machine, { generation: 123n });
    for (let again = 0; again < 3; again += 1) {
      expect(await heartbeat()).toBe(123n);
    }
    expect(await heartbeat({ generation: 123n })).toBeUndefined();
    expect(await heartbeat()).toBeUndefined();
    await fleet.request(machine, { generation: 234n });
    expect(await heartbeat()).toBe(234n);
    expect(await heartbeat({ generation: 123n })).toBe(234n);
    expect(await heartbeat()).toBe(234n);
    expect(await heartbeat({ generation: 234n })).toBeUndefined();
    expect(await heartbeat()).toBeUndefined();
    expect(await fleet.history(machine)).toEqual([
      "machine_added",
      "agent_registered",
      "installation_requested 123",
      "installation_handed_out 123",
      "installation_succeeded 123",
      "installation_requested 234",
      "installation_handed_out 234",
      "installed_removed 234",
      "installation_succeeded 234",
    ]);
  });

  test("an agent of today: WRITING is acknowledged, a cancellation reaches it on both ways", async () => {
    const { fleet } = server;
    const { machine, client } = await server.agent();
    const runId = randomBytes(16);
    const generation = await fleet.request(machine);
    expect((await client.heartbeat({ runId })).installationRequest?.generation).toBe(1n);
    const writing = { generation, phase: Phase.WRITING, bytesDone: 10n, bytesTotal: 100n, runId };
    expect(await client.progress(writing)).toBe(0n);
    await fleet.cancel(machine);
    expect(await client.progress(writing)).toBe(1n);
    const answer = await client.heartbeat({ runId });
    expect([answer.installationRequest, answer.cancelledGeneration]).toEqual([undefined, 1n]);
    // Its own report says that it knows.
    const after = await client.heartbeat({
      runId,
      installationReport: { generation, result: { case: "error", value: { error: "called off" } } },
    });
    expect([after.installationRequest, after.cancelledGeneration]).toEqual([undefined, 0n]);
    expect(await fleet.history(machine)).toEqual([
      "machine_added",
      "agent_registered",
      "installation_requested 1",
      "installation_handed_out 1",
      "installation_progressed 1",
      "installation_cancelled 1",
      "report_late 1",
    ]);
  });

  test("an agent of the original contract gets no field numbered 100 or more except a cancellation, and needs none", async () => {
    const { fleet } = server;
    const { machine, client } = await server.agent();
    const original = toBinary(
      AgentHeartbeatRequestSchema,
      create(AgentHeartbeatRequestSchema, { machineId: machine.machineId }),
    );
    expect((await client.raw(heartbeatPath, original)).bytes).toEqual(Buffer.alloc(0));
    const raw = requestRaw(1n);
    await fleet.request(machine, { raw });
    expect((await client.raw(heartbeatPath, original)).bytes).toEqual(responseWith(raw));
    expect(
      await fleet.rows("SELECT run FROM machine_os_installation_run WHERE machine_id = $1", machine.machineId),
    ).toEqual([{ run: Buffer.from(machine.agent.publicKey) }]);
  });
});

describe("what is kept byte for byte", () => {
  test("a hardware report, fields included that the server does not know", async () => {
    const { fleet } = server;
    const { machine, client } = await server.agent();
    // report { manufacturer: "m", field 77: "new" }, warning "w", field 900: 1
    const report = Buffer.from([
      ...[0x0a, 0x09, 0x0a, 0x01, 0x6d, 0xea, 0x04, 0x03, 0x6e, 0x65, 0x77],
      ...[0x12, 0x01, 0x77, 0xa0, 0x38, 0x01],
    ]);
    const message = Buffer.concat([...wireBytes(1, Buffer.from(machine.machineId)), ...wireBytes(2, report)]);
    expect(await client.raw(heartbeatPath, message)).toMatchObject({ code: status.OK });
    expect(
      await fleet.rows(
        "SELECT hardware_report_raw FROM machine_hardware_report WHERE machine_id = $1",
        machine.machineId,
      ),
    ).toEqual([{ hardware_report_raw: report }]);
  });

  test("an installation report; a request goes out as it is stored", async () => {
    const { fleet } = server;
    const { machine, client } = await server.agent();
    const stored = Buffer.from([
      // metropolis { 1: "x", 7: 5 } is another system's; generation 1 comes after it; field 500 is nobody's.
      ...[0x12, 0x05, 0x0a, 0x01, 0x78, 0x38, 0x05, 0x08, 0x01],
      ...[0xa2, 0x1f, 0x03, 0x61, 0x62, 0x63],
    ]);
    await fleet.request(machine, { raw: stored });
    const id = wireBytes(1, Buffer.from(machine.machineId));
    expect((await client.raw(heartbeatPath, Buffer.concat(id))).bytes).toEqual(responseWith(stored));
    // generation 1, success, field 500: "abc"
    const report = Buffer.from([0x08, 0x01, 0x12, 0x00, 0xa2, 0x1f, 0x03, 0x61, 0x62, 0x63]);
    await client.raw(heartbeatPath, Buffer.concat([...id, ...wireBytes(3, report)]));
    expect(
      await fleet.rows(
        "SELECT result, os_installation_report_raw AS raw FROM machine_os_installation_report WHERE machine_id = $1",
        machine.machineId,
      ),
    ).toEqual([{ result: "success", raw: report }]);
  });

  test("a machine id in any letter case is the same machine's", async () => {
    const { machine, client } = await server.agent();
    await client.heartbeat({ machineId: machine.machineId.toUpperCase() });
    expect(
      await server.fleet.rows("SELECT FROM machine_agent_heartbeat WHERE machine_id = $1", machine.machineId),
    ).toHaveLength(1);
  });

  test("an empty hardware report is a report, an empty installation report one of generation 0", async () => {
    const { fleet } = server;
    const { machine, client } = await server.agent();
    await client.heartbeat({ hardwareReport: {} });
    expect(
      await fleet.rows(
        "SELECT octet_length(hardware_report_raw) AS length FROM machine_hardware_report WHERE machine_id = $1",
        machine.machineId,
      ),
    ).toEqual([{ length: 0 }]);
    const before = await unasked();
    await client.heartbeat({ installationReport: {} });
    expect(await fleet.history(machine)).toEqual([
      "machine_added",
      "agent_registered",
      "hardware_reported",
      "report_unasked 0",
    ]);
    expect(await unasked()).toBe(before + 1);
  });
});

async function unasked(): Promise<number> {
  const { values } = await server.metrics.unaskedReports.get();
  return values[0]?.value ?? 0;
}

test("a request that can't be read costs nothing but itself: OK, logged, counted, the heartbeat and reports kept", async () => {
  const { fleet, metrics } = server;
  const failures = async (): Promise<number> => (await metrics.requestReadFailures.get()).values[0]?.value ?? 0;
  for (const raw of [Buffer.from([0xff, 0xff, 0xff]), requestRaw(77n), Buffer.alloc(0)]) {
    const { machine, client } = await server.agent();
    const generation = await fleet.request(machine, { raw });
    const before = await failures();
    const answer = await client.heartbeat({
      hardwareReport: { warning: ["w"] },
      installationReport: { generation: 9n },
    });
    expect(answer.installationRequest).toBeUndefined();
    expect(answer.cancelledGeneration).toBe(0n);
    expect(await failures()).toBe(before + 1);
    expect(await fleet.history(machine)).toEqual([
      "machine_added",
      "agent_registered",
      `installation_requested ${generation}`,
      "hardware_reported",
      "report_unasked 9",
    ]);
    expect(
      await fleet.rows("SELECT FROM machine_agent_heartbeat WHERE machine_id = $1", machine.machineId),
    ).toHaveLength(1);
    // It can be cancelled, or carried out by who knows of it, all the same.
    await client.heartbeat({ installationReport: { generation } });
    expect((await fleet.history(machine)).at(-1)).toBe(`installation_succeeded ${generation}`);
  }
});

test("heartbeats of very many agents at once are all answered, each its own", async () => {
  const agents = await Promise.all(Array.from({ length: 40 }, () => server.agent()));
  await Promise.all(
    agents.map(async ({ machine }, index) => await server.fleet.request(machine, { generation: BigInt(index + 1) })),
  );
  const answers = await Promise.all(
    agents.flatMap(({ client }) => [
      client.heartbeat(),
      client.heartbeat({ runId: randomBytes(16) }),
      client.heartbeat(),
    ]),
  );
  expect(answers.map(({ installationRequest }) => installationRequest?.generation)).toEqual(
    agents.flatMap((_agent, index) => [BigInt(index + 1), BigInt(index + 1), BigInt(index + 1)]),
  );
});

test("a key that was replaced stops at once", async () => {
  const { fleet } = server;
  const { machine, client } = await server.agent();
  await client.heartbeat();
  const agent = await fleet.rekey(machine);
  await expect(client.heartbeat()).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  await expect(client.progress({ generation: 1n, phase: Phase.WRITING })).rejects.toMatchObject({
    code: status.UNAUTHENTICATED,
  });
  await server.client({ ...machine, agent }).heartbeat();
  expect((await fleet.history(machine)).at(-1)).toBe("agent_replaced");
});

test("an unknown method is UNIMPLEMENTED", async () => {
  const { client } = await server.agent();
  expect(await client.raw("/farrier.agent.v1.AgentService/Nope", Buffer.alloc(0))).toMatchObject({
    code: status.UNIMPLEMENTED,
  });
});
