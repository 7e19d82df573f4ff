import { createHash, randomBytes, randomUUID } from "node:crypto";
import { connect as tlsConnect } from "node:tls";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../lib/clock.ts";
import { authorityIssue, keyMake, keyPem, serverIssue } from "../lib/tls/issue.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { silent, testFleet, type Fleet, type TestMachine } from "../../test/support/fleet.ts";
import { cameUpSilentNote } from "../database/queries/came-up/came-up-silent.ts";
import { cameUpLimits } from "./limits.ts";
import { cameUpServe, type CameUpListener } from "./serve.ts";

const authority = keyMake();
const caPem = authorityIssue(authority).toString();
const key = keyMake();
const certificate = {
  certificatePem: serverIssue(key, [{ type: "ip", value: "127.0.0.1" }], authority).toString(),
  keyPem: keyPem(key),
};
const hostKey = `ssh-ed25519 ${Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from("ssh-ed25519"),
  Buffer.from([0, 0, 0, 32]),
  randomBytes(32),
]).toString("base64")}`;

let fleet: Fleet;
let listener: CameUpListener;
const metrics = createMetrics();
beforeAll(async () => {
  fleet = await testFleet();
  listener = await cameUpServe({
    address: { host: "127.0.0.1", port: 0 },
    certificate,
    database: fleet.database,
    metrics,
    log: silent,
    clock: systemClock,
  });
});
afterAll(async () => {
  await listener[Symbol.asyncDispose]();
  await fleet[Symbol.asyncDispose]();
});

interface Expected {
  machine: TestMachine;
  generation: bigint;
  token: string;
}

/** A machine whose request expects a report; `installed`: the agent has reported its success. */
async function expecting(installed = true): Promise<Expected> {
  const machine = await fleet.add();
  return { machine, ...(await again(machine, installed)) };
}

async function again(machine: TestMachine, installed = true): Promise<{ generation: bigint; token: string }> {
  const generation = await fleet.request(machine);
  const token = randomBytes(32).toString("base64url");
  await fleet.rows(
    `WITH f AS (
       INSERT INTO machine_agent_features (machine_id, agent_public_key, features)
       SELECT machine_id, agent_public_key, '{vendor-data}' FROM machine_agent_started WHERE machine_id = $1
       ON CONFLICT DO NOTHING
     ) INSERT INTO machine_came_up (machine_id, generation, within_seconds, token_sha256) VALUES ($1, $2, 900, $3)`,
    ...[machine.machineId, generation, createHash("sha256").update(token).digest()],
  );
  if (installed) {
    await succeeded(machine, generation);
  }
  return { generation, token };
}

const succeeded = (machine: TestMachine, generation: bigint) =>
  fleet.rows(
    `WITH r AS (
       INSERT INTO machine_os_installation_report (machine_id, generation, result, reported_by) VALUES ($1, $2, 'success', 'agent')
       ON CONFLICT (machine_id) DO UPDATE SET generation = excluded.generation, result = 'success', reported_by = 'agent'
     ) INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, $2)
     ON CONFLICT (machine_id) DO UPDATE SET generation = excluded.generation`,
    ...[machine.machineId, generation],
  );

const bodyOf = ({ machine, generation }: Pick<Expected, "machine" | "generation">, more = ""): string =>
  `machine ${machine.machineId}\ngeneration ${generation}\nhost-name web1\naddress 192.0.2.7\naddress nonsense\n` +
  `address 2001:db8::7\nssh-host-key ${hostKey} root@web1\nssh-host-key -oProxyCommand=x AAAA\nboot-time 1700000000\n${more}`;

async function call(
  token: string | undefined,
  body: string | Uint8Array,
  options: { path?: string; method?: string; headers?: Record<string, string> } = {},
): Promise<number> {
  const request = httpsRequest({
    host: "127.0.0.1",
    port: listener.address.port,
    ca: caPem,
    path: options.path ?? "/came-up/v1",
    method: options.method ?? "POST",
    agent: false,
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...options.headers },
  });
  // The listener answers and closes, also while a body is still on its way.
  request.on("error", () => undefined);
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode ?? 0;
}

const stateOf = async ({ machine }: Pick<Expected, "machine">): Promise<string | undefined> =>
  (await fleet.rows<{ state: string }>("SELECT state FROM machine_state WHERE machine_id = $1", machine.machineId))[0]
    ?.state;

const events = async ({ machine }: Pick<Expected, "machine">): Promise<string[]> =>
  (await fleet.history(machine)).filter((event) => event.startsWith("came_up"));

test("a report makes the machine installed, and what it says is stored as far as it is well formed", async () => {
  const expected = await expecting();
  expect(await stateOf(expected)).toBe("coming-up");
  expect(await call(expected.token, bodyOf(expected))).toBe(200);
  expect(await stateOf(expected)).toBe("installed");
  expect(await events(expected)).toEqual([`came_up ${expected.generation}`]);
  const [row] = await fleet.rows<{ report: unknown; heard_over: string; heard_from: string }>(
    "SELECT report, heard_over, heard_from FROM machine_came_up WHERE machine_id = $1",
    expected.machine.machineId,
  );
  expect(row).toEqual({
    heard_over: "tls",
    heard_from: "127.0.0.1",
    report: {
      hostName: "web1",
      addresses: ["192.0.2.7", "2001:db8::7"],
      sshHostKeys: [hostKey],
      bootedAt: "2023-11-14T22:13:20.000Z",
    },
  });
});

test("a token is used once: the same report is answered again for an hour, another one is refused", async () => {
  const expected = await expecting();
  expect(await call(expected.token, bodyOf(expected))).toBe(200);
  expect(await call(expected.token, bodyOf(expected))).toBe(200);
  expect(await call(expected.token, bodyOf(expected, "address 192.0.2.66\n"))).toBe(409);
  expect(await events(expected)).toEqual([`came_up ${expected.generation}`]);
  await fleet.rows(
    "UPDATE machine_came_up SET heard_at = now() - interval '61 minutes' WHERE machine_id = $1",
    expected.machine.machineId,
  );
  expect(await call(expected.token, bodyOf(expected))).toBe(401);
});

test("two calls with one token at once: one of them counts", async () => {
  const expected = await expecting();
  const statuses = await Promise.all(
    [1, 2, 3, 4].map((each) => call(expected.token, bodyOf(expected, `address 192.0.2.${each}\n`))),
  );
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  expect(await events(expected)).toEqual([`came_up ${expected.generation}`]);
});

test("a token serves no other machine and no other generation, and history has it once", async () => {
  const [one, other] = [await expecting(), await expecting()];
  expect(await call(one.token, bodyOf(other))).toBe(403);
  expect(await call(one.token, bodyOf({ ...one, generation: 7n }))).toBe(403);
  expect(await call(one.token, bodyOf(one).replace(one.machine.machineId, randomUUID()))).toBe(403);
  expect([await stateOf(one), await stateOf(other)]).toEqual(["coming-up", "coming-up"]);
  expect([await events(one), await events(other)]).toEqual([[`came_up_refused ${one.generation}`], []]);
  expect(await call(one.token, bodyOf(one))).toBe(200);
});

test("a token on hardware that is another machine's is refused", async () => {
  const [one, other] = [await expecting(), await expecting()];
  const [uuid, unknown] = [randomUUID(), randomUUID()];
  await fleet.rows(
    "INSERT INTO machine_smbios (machine_id, smbios_uuid) VALUES ($1, $2)",
    other.machine.machineId,
    uuid,
  );
  expect(await call(one.token, bodyOf(one, `smbios-uuid ${uuid.toUpperCase()}\n`))).toBe(403);
  expect(await call(one.token, bodyOf(one, `smbios-uuid ${unknown}\n`))).toBe(200);
  expect(await call(other.token, bodyOf(other, `smbios-uuid ${uuid}\n`))).toBe(200);
});

test("before the agent has reported its success the system is told to come again", async () => {
  const expected = await expecting(false);
  expect(await call(expected.token, bodyOf(expected))).toBe(503);
  await succeeded(expected.machine, expected.generation);
  expect(await call(expected.token, bodyOf(expected))).toBe(200);
});

test("a late report counts, an earlier generation's is history only, a week later nothing is known", async () => {
  const expected = await expecting();
  await fleet.rows(
    `INSERT INTO sessions (session_component, session_runtime_info, session_created_at, session_interval_seconds, session_deadline)
     VALUES ('server', 'test', now() - interval '1 hour', 3600, now() + interval '1 hour')`,
  );
  await fleet.rows("UPDATE machine_came_up SET deadline_at = now() - interval '1 s' WHERE heard_at IS NULL");
  await cameUpSilentNote(fleet.database, 1_000);
  expect(await stateOf(expected)).toBe("silent");
  const newer = await again(expected.machine, false);
  expect(await stateOf(expected)).toBe("install-pending");
  // What is on the disk until the next one is written has come up after all.
  expect(await call(expected.token, bodyOf(expected))).toBe(200);
  await succeeded(expected.machine, newer.generation);
  expect(await stateOf(expected)).toBe("coming-up");
  const third = await again(expected.machine);
  expect(await call(newer.token, bodyOf({ ...expected, generation: newer.generation }))).toBe(200);
  expect(await call(newer.token, bodyOf({ ...expected, generation: newer.generation }))).toBe(200);
  expect(await stateOf(expected)).toBe("coming-up");
  expect(await events(expected)).toEqual(["came_up_silent 1", "came_up 1", "came_up_earlier 2"]);
  await fleet.rows(
    "UPDATE machine_came_up SET deadline_at = now() - interval '8 days' WHERE machine_id = $1 AND generation = $2",
    ...[expected.machine.machineId, third.generation],
  );
  expect(await call(third.token, bodyOf({ ...expected, generation: third.generation }))).toBe(401);
});

test("strangers get one answer, and nothing of their bodies is read", async () => {
  const expected = await expecting();
  const stranger = randomBytes(32).toString("base64url");
  expect(await call(undefined, bodyOf(expected))).toBe(401);
  expect(await call("short", bodyOf(expected))).toBe(401);
  expect(await call(stranger, bodyOf(expected))).toBe(401);
  expect(await call(stranger, "", { path: "/" })).toBe(404);
  expect(await call(stranger, "", { method: "GET" })).toBe(405);
  expect(await call(expected.token, "hello")).toBe(400);
  expect(await stateOf(expected)).toBe("coming-up");
});

test("a body of 100 MB is refused by its length, and without one after 16 KiB", async () => {
  const expected = await expecting();
  expect(await call(expected.token, Buffer.alloc(100_000_000))).toBe(413);
  expect(await call(expected.token, Buffer.alloc(5_000_000), { headers: { "transfer-encoding": "chunked" } })).toBe(
    413,
  );
  expect(await call(undefined, Buffer.alloc(100_000_000))).toBe(401);
  expect(await call(expected.token, bodyOf(expected))).toBe(200);
});

test("a slow body holds its own token's turn only, and its connection is closed", async () => {
  const [slow, other] = [await expecting(), await expecting()];
  const socket = tlsConnect({ host: "127.0.0.1", port: listener.address.port, ca: caPem });
  await once(socket, "secureConnect");
  const closed = once(socket, "close");
  socket.on("error", () => undefined);
  socket.write(
    `POST /came-up/v1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${slow.token}\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n`,
  );
  // The listener requests its body, so its turn has begun.
  await once(socket, "data");
  expect(await call(slow.token, bodyOf(slow))).toBe(503);
  expect(await call(other.token, bodyOf(other))).toBe(200);
  await closed;
  expect(await call(slow.token, bodyOf(slow))).toBe(200);
}, 60_000);

test("a flood of strangers is limited before the database is asked", async () => {
  const statuses = new Set<number>();
  for (let round = 0; !statuses.has(429) && round < 20; round += 1) {
    for (const status of await Promise.all(Array.from({ length: 16 }, () => call("A".repeat(43), "")))) {
      statuses.add(status);
    }
  }
  expect([...statuses].toSorted((a, b) => a - b)).toEqual([401, 429]);
  expect(cameUpLimits.perAddress.burst).toBeLessThan(320);
  const text = await metrics.registry.metrics();
  expect(text).toMatch(/farrier_came_up_reports_total\{outcome="limited"\} [1-9]/u);
});
