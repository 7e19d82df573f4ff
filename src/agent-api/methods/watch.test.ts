import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { agentServer } from "../../../test/support/agent-server.ts";
import type { TestWatch } from "../../../test/support/agent-client.ts";
import { waitFor } from "../../../test/support/wait.ts";

const nth = (watch: TestWatch, count: number) =>
  waitFor(`${count} events`, () => (watch.events.length >= count ? watch.events[count - 1] : undefined));
const end = (watch: TestWatch) => waitFor("the end of the watch", () => watch.ended);

/** Waits until the server counts one open watch. */
async function registered({ metrics }: Awaited<ReturnType<typeof agentServer>>): Promise<void> {
  await waitFor("the watch is registered", async () => (await metrics.agentWatches.get()).values[0]?.value === 1);
}

test("a request that exists already comes at once, and so does a request made later", async () => {
  await using server = await agentServer();
  const { machine, client } = await server.agent();
  const first = await server.fleet.request(machine);
  using watch = client.watch();
  expect(await nth(watch, 1)).toMatchObject({ case: "installationRequest", value: { generation: first } });
  const second = await server.fleet.request(machine, { replace: first });
  expect(await nth(watch, 2)).toMatchObject({ case: "installationRequest", value: { generation: second } });
});

test("a request that the agent has seen does not come again; that it is called off does", async () => {
  await using server = await agentServer();
  const { machine, client } = await server.agent();
  const generation = await server.fleet.request(machine);
  await client.heartbeat();
  using watch = client.watch({ lastSeenGeneration: generation });
  await registered(server);
  await server.fleet.cancel(machine);
  expect(await nth(watch, 1)).toEqual({ case: "cancelledGeneration", value: generation });
});

test("watching is no sign of life, and hands a request out as a heartbeat does", async () => {
  await using server = await agentServer();
  const { machine, client } = await server.agent();
  await server.fleet.request(machine);
  using watch = client.watch();
  await nth(watch, 1);
  const beats = await server.fleet.rows("SELECT FROM machine_agent_heartbeat WHERE machine_id = $1", machine.machineId);
  const runs = await server.fleet.rows(
    "SELECT run FROM machine_os_installation_run WHERE machine_id = $1",
    machine.machineId,
  );
  expect(beats).toHaveLength(0);
  expect(runs).toHaveLength(1);
});

test("ends when the key is replaced", async () => {
  await using server = await agentServer();
  const { machine, client } = await server.agent();
  using watch = client.watch();
  await registered(server);
  await server.fleet.rekey(machine);
  expect((await end(watch)).code).toBe(status.UNAUTHENTICATED);
  expect((await server.metrics.agentWatches.get()).values[0]?.value).toBe(0);
});

test("ends when the machine is deleted", async () => {
  await using server = await agentServer();
  const { machine, client } = await server.agent();
  using watch = client.watch();
  await registered(server);
  for (const table of ["machine_agent_started", "machine_provided", "machines"]) {
    await server.fleet.rows(`DELETE FROM ${table} WHERE machine_id = $1`, machine.machineId);
  }
  expect((await end(watch)).code).toBe(status.UNAUTHENTICATED);
});

test("a stranger's watch ends as its heartbeat would", async () => {
  await using server = await agentServer();
  const { machine } = await server.agent();
  const { client } = await server.agent();
  using watch = client.watch({ machineId: machine.machineId });
  const ended = await end(watch);
  const heartbeat = await client.raw(
    "/cloud.bmaas.server.api.AgentCallback/Heartbeat",
    Buffer.concat([Buffer.from([0x0a, 36]), Buffer.from(machine.machineId)]),
  );
  expect(ended.code).toBe(status.UNAUTHENTICATED);
  expect(ended.details).toBe(heartbeat.details);
});

test("what was missed while the listener was away is made up for when it is back", async () => {
  await using server = await agentServer();
  const { machine, client } = await server.agent();
  using watch = client.watch();
  await registered(server);
  await server.fleet.rows(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'farrier notifications'",
  );
  await server.fleet.request(machine);
  expect(await nth(watch, 1)).toMatchObject({ case: "installationRequest" });
});

test("ends when the server stops, so that its agent goes to another", async () => {
  const server = await agentServer();
  const { client } = await server.agent();
  using watch = client.watch();
  await registered(server);
  await server[Symbol.asyncDispose]();
  expect((await end(watch)).code).toBe(status.UNAVAILABLE);
});
