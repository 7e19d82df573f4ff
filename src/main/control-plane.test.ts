import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { expect, test, vi } from "vitest";
import { Phase } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import { CauseKind } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { agentClient, identityOf } from "../../test/support/agent-client.ts";
import { type Fleet, heldConnection, silent, testFleet } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { farrier } from "../cli/testing/processes.ts";
import { operatorClient } from "../cli/call/client.ts";
import { type ControlPlane, controlPlaneStart } from "./control-plane.ts";

vi.setConfig({ testTimeout: 300_000 });

test("A3: agents' calls that all wait for the database take nothing from operators, heartbeats or the session", async () => {
  await using fleet = await testFleet();
  await using stack = new AsyncDisposableStack();
  const { plane, dataDir } = await started(stack, fleet);
  const slow = await Promise.all(Array.from({ length: 40 }, () => fleet.add()));
  const other = await fleet.add();
  const connect = (machine: typeof other) =>
    stack.use(agentClient(plane.agents.port, identityOf(machine.agent), machine.machineId));
  await using holder = await heldConnection(fleet.test);
  await holder.query("BEGIN");
  const ids = slow.map(({ machineId }) => machineId);
  await holder.query("SELECT FROM machines WHERE machine_id = ANY ($1) FOR UPDATE", [ids]);
  // Each waits a second for its machine's lock, three at a time: for as long as this test looks.
  const calls = slow.map(connect).flatMap((client) =>
    [Phase.WRITING, Phase.VERIFYING, Phase.WRITING, Phase.CONFIGURING].map((phase) =>
      client.progress({ generation: 1n, phase }).then(
        () => status.OK,
        (error: { code: status }) => error.code,
      ),
    ),
  );
  await waitFor("all connections of agents' calls to wait", async () => {
    const rows = await fleet.rows<{ waiting: bigint }>(
      `SELECT count(*) AS waiting FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'farrier agent-calls' AND wait_event_type = 'Lock'`,
    );
    return rows[0]?.waiting === 3n;
  });
  await connect(other).heartbeat();
  const ready = await fetch(`${plane.operators}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([200, "ready\n"]);
  const client = await operatorClient({ dataDir, operators: undefined }, {});
  expect((await client.machines.machineList({})).machines).toHaveLength(41);
  const requestId = randomUUID();
  expect(await client.machines.machineAdd({ requestId, provider: "static", providerId: "new" })).toBeDefined();
  // Then it recovers by itself.
  await holder.query("ROLLBACK");
  const codes = new Set(await Promise.all(calls));
  expect([...codes].filter((code) => code !== status.OK && code !== status.UNAVAILABLE)).toEqual([]);
  const [first] = slow;
  await connect(first ?? other).progress({ generation: 1n, phase: Phase.WRITING });
});

test("X3: a database that became read-only is said as that by /readyz, the API and a start", async () => {
  await using fleet = await testFleet();
  await using stack = new AsyncDisposableStack();
  const { plane, dataDir } = await started(stack, fleet);
  const { machineId } = await fleet.add();
  await using holder = await heldConnection(fleet.test);
  await holder.query(`ALTER DATABASE ${fleet.test.name} SET default_transaction_read_only = on`);
  await holder.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
  );
  const words = "the database accepts no writes: it is a standby";
  await waitFor("/readyz to say it", async () => {
    const ready = await fetch(`${plane.operators}/readyz`);
    return ready.status === 503 && (await ready.text()).includes(words);
  });
  const client = await operatorClient({ dataDir, operators: undefined }, {});
  const refused = client.machines.machineAdd({ requestId: randomUUID(), provider: "static", providerId: "new" });
  await expect(refused).rejects.toMatchObject({ code: "unreachable", message: expect.stringContaining(words) });
  // What only reads goes on, and says it first.
  const explained = await client.machines.machineExplain({ machine: machineId });
  expect(explained.causes[0]).toMatchObject({
    kind: CauseKind.DATABASE_READ_ONLY,
    text: expect.stringMatching(/^the database is read-only .*: nothing changes until it takes writes/u),
  });
  expect(explained.lines.join("\n")).toMatch(/next: none until the database accepts writes; then /u);
  // Exit status 3, and nothing of an internal error.
  const ran = await farrier(["migrate", "--database-url", fleet.test.url]);
  expect([ran.status, ran.stderr]).toEqual([3, expect.stringContaining(words)]);
});

test("X3: a database that lets nobody in is said as that, by everything", async () => {
  await using fleet = await testFleet();
  await using stack = new AsyncDisposableStack();
  const { plane, dataDir } = await started(stack, fleet);
  const { name, connection } = fleet.test;
  await using holder = await heldConnection({ ...fleet.test, connection: { ...connection, database: "postgres" } });
  await holder.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await holder.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
  const words = "the database does not let Farrier in: check user, password";
  await waitFor("/readyz to say it", async () => {
    const ready = await fetch(`${plane.operators}/readyz`);
    return ready.status === 503 && (await ready.text()).includes(words);
  });
  const client = await operatorClient({ dataDir, operators: undefined }, {});
  await expect(client.machines.machineList({})).rejects.toMatchObject({
    code: "unreachable",
    message: expect.stringContaining(words),
  });
  const ran = await farrier(["migrate", "--database-url", fleet.test.url]);
  expect([ran.status, ran.stderr]).toEqual([3, expect.stringContaining(words)]);
});

async function started(stack: AsyncDisposableStack, fleet: Fleet): Promise<{ plane: ControlPlane; dataDir: string }> {
  const dataDir = await mkdtemp(join(tmpdir(), "farrier-pools-"));
  stack.defer(() => rm(dataDir, { recursive: true }));
  const plane = stack.use(
    await controlPlaneStart({
      dataDir,
      agents: { host: "127.0.0.1", port: 0 },
      operators: { host: "127.0.0.1", port: 0 },
      serverNames: ["localhost"],
      tls: undefined,
      operatorNames: [],
      operatorTls: { server: undefined, clientCaFile: undefined },
      databaseAddress: fleet.test.connection,
      secretsKey: undefined,
      migrate: true,
      log: silent,
    }),
  );
  return { plane, dataDir };
}
