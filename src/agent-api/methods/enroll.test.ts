import { createHash, randomBytes, randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { EnrollRequestSchema, EnrollState } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { agentClient, enrollPath, identityOf, type AgentClient } from "../../../test/support/agent-client.ts";
import { agentServer, type AgentServer } from "../../../test/support/agent-server.ts";
import { operator, type TestMachine } from "../../../test/support/fleet.ts";
import { recordingLog } from "../../../test/support/recording-log.ts";
import { bootTokenGive } from "../../database/queries/boot/boot-token.ts";
import { bootWindowOpen } from "../../database/queries/boot/boot-window.ts";
import { requestId } from "../../database/ids.ts";
import { enrollmentApproveKnown } from "../../database/queries/enrollment/enrollment-approve.ts";
import { machineShow } from "../../database/queries/machine/machine-show.ts";
import { machineIdentitySet } from "../../database/machine-identity.ts";
import { transact } from "../../database/transaction.ts";
import { ed25519KeyPair } from "../../lib/tls/ed25519.ts";

let server: AgentServer;
const recording = recordingLog();
const clients = new DisposableStack();
beforeAll(async () => {
  server = await agentServer({ log: recording.log });
});
afterAll(async () => {
  clients.dispose();
  await server[Symbol.asyncDispose]();
});

const mac = Buffer.from("525400aabbcc", "hex");

interface Announced extends TestMachine {
  smbiosUuid: string;
  token: string;
}

/** A machine that is known by its UUID, in a window whose token was given out. */
async function announced(): Promise<Announced> {
  const machine = await server.fleet.add({ agent: false });
  const { database } = server.fleet;
  const smbiosUuid = randomUUID();
  await transact(database, null, (tx) => machineIdentitySet(tx, machine.machineId, { smbiosUuid }));
  await bootWindowOpen(database, machine.machineId, { actor: operator, seconds: 600 });
  const token = randomBytes(32).toString("base64url");
  const given = await bootTokenGive(database, {
    identity: { smbiosUuid, macs: [] },
    tokenDigest: createHash("sha256").update(token).digest(),
    actor: { kind: "component", name: "netboot" },
    address: "",
  });
  expect(given).toBe(true);
  return { ...machine, smbiosUuid, token };
}

const connect = (identity = identityOf(ed25519KeyPair())): AgentClient =>
  clients.use(agentClient(server.port, identity));

test("with the token of an open window an agent is let in, and its heartbeats are heard", async () => {
  const { machineId, smbiosUuid, token } = await announced();
  const identity = identityOf(ed25519KeyPair());
  const client = clients.use(agentClient(server.port, identity, machineId));
  await expect(client.heartbeat()).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  const hardwareReport = { warning: ["no disk"] };
  const answer = await client.enroll({ token, smbiosUuid: smbiosUuid.toUpperCase(), mac: [mac], hardwareReport });
  expect(answer).toMatchObject({ machineId, state: EnrollState.ACCEPTED });
  await client.heartbeat();
  expect(await server.fleet.rows("SELECT hardware_report_raw FROM machine_hardware_report")).toEqual([
    {
      hardware_report_raw: Buffer.from(
        toBinary(AgentHardwareReportSchema, create(AgentHardwareReportSchema, hardwareReport)),
      ),
    },
  ]);
  expect(await client.enroll({})).toMatchObject({ machineId, state: EnrollState.ACCEPTED });
});

test("the features that an agent enrols with are stored with it, replaced by the next ones, and bounded", async () => {
  const { machineId, smbiosUuid, token } = await announced();
  const client = connect();
  const shown = async () => (await machineShow(server.fleet.database, machineId)).agent?.features;
  await client.enroll({ token, smbiosUuid, feature: ["one-writer", "mirror", "mirror"] });
  expect(await shown()).toEqual(["mirror", "one-writer"]);
  await client.enroll({ smbiosUuid, feature: ["vendor-data"] });
  expect(await shown()).toEqual(["vendor-data"]);
  await client.enroll({ smbiosUuid });
  expect(await shown()).toEqual([]);
  for (const feature of [
    [""],
    ["a b"],
    ["ä"],
    ["x".repeat(65)],
    Array.from({ length: 33 }, (_, index) => `f${index}`),
  ]) {
    await expect(client.enroll({ smbiosUuid, feature })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  }
});

test("the features of an agent that waits are its machine's once it is approved and asks again", async () => {
  const agent = ed25519KeyPair();
  const client = connect(identityOf(agent));
  const { machineId } = await server.fleet.add({ agent: false });
  const smbiosUuid = randomUUID();
  const say = () => client.enroll({ smbiosUuid, feature: ["one-writer"] });
  expect((await say()).state).toBe(EnrollState.AWAITING_APPROVAL);
  await enrollmentApproveKnown(server.fleet.database, {
    machineId,
    key: Buffer.from(agent.publicKey).toString("hex"),
    requestId: requestId(randomUUID()),
    command: "enrollment_approve",
    bodyDigest: Buffer.alloc(32),
    actor: operator,
    replace: false,
  });
  expect((await say()).state).toBe(EnrollState.ACCEPTED);
  expect((await machineShow(server.fleet.database, machineId)).agent?.features).toEqual(["one-writer"]);
});

test("a second key with the same token is told what a stranger is, and the machine is in quarantine", async () => {
  const { machineId, smbiosUuid, token } = await announced();
  await connect().enroll({ token, smbiosUuid });
  const stranger = await connect().enroll({});
  expect(stranger).toMatchObject({ machineId: "", state: EnrollState.AWAITING_APPROVAL });
  expect(await connect().enroll({ token, smbiosUuid })).toEqual(stranger);
  const rows = await server.fleet.rows(
    "SELECT quarantined_by FROM machine_quarantine WHERE machine_id = $1",
    machineId,
  );
  expect(rows).toEqual([{ quarantined_by: "farrier" }]);
});

describe("without a token one answer, at one time, whatever is named", () => {
  test.for(["a known machine", "an unknown machine", "a known machine with another's MAC", "nothing", "a false token"])(
    "%s",
    async (what) => {
      const machine = await server.fleet.add();
      const smbiosUuid = randomUUID();
      const { machineId } = machine;
      await transact(server.fleet.database, null, (tx) => machineIdentitySet(tx, machineId, { smbiosUuid }));
      const request = {
        "a known machine": { smbiosUuid },
        "an unknown machine": { smbiosUuid: randomUUID() },
        "a known machine with another's MAC": { smbiosUuid, mac: [mac] },
        "a false token": { token: randomBytes(32).toString("base64url"), smbiosUuid },
        nothing: {},
      }[what];
      const began = performance.now();
      const answer = await connect().raw(
        enrollPath,
        toBinary(EnrollRequestSchema, create(EnrollRequestSchema, request ?? {})),
      );
      expect(performance.now() - began).toBeGreaterThanOrEqual(245);
      expect(answer).toMatchObject({ code: status.OK, details: expect.any(String) as string });
      // State 2, again in 15 s: and no byte more.
      expect(answer.bytes.toString("hex")).toBe("1002180f");
      await expect(client(machine).heartbeat()).resolves.toBeDefined();
    },
  );
  const client = (machine: TestMachine): AgentClient => server.client(machine);
});

test("a caller without a proven key is refused as everywhere", async () => {
  const stranger = clients.use(agentClient(server.port, undefined));
  await expect(stranger.enroll({})).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
});

test.for([
  ["a token over its limit", { token: "x".repeat(129) }, "token has more than 128 bytes"],
  ["a UUID over its limit", { smbiosUuid: "x".repeat(129) }, "smbios_uuid has more than 128 bytes"],
  ["too many MACs", { mac: Array.from({ length: 65 }, () => mac) }, "mac has 65 entries: at most 64"],
  ["a MAC that is none", { mac: [Buffer.alloc(5)] }, "mac has an entry of 5 bytes"],
  [
    "too many warnings",
    { hardwareReport: { warning: Array.from({ length: 65 }, () => "") } },
    "65 entries: at most 64",
  ],
] as const)("%s is INVALID_ARGUMENT", async ([, request, message]) => {
  const init = request as Parameters<AgentClient["enroll"]>[0];
  await expect(connect().enroll(init)).rejects.toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringContaining(message) as string,
  });
});

test("what firmware writes in place of a UUID, and addresses of groups, tell nothing", async () => {
  const rows = () =>
    server.fleet.rows("SELECT smbios_uuid, macs FROM enrollment_claim ORDER BY last_seen_at DESC LIMIT 1");
  await connect().enroll({ smbiosUuid: "Not Settable\0", mac: [Buffer.alloc(6), Buffer.alloc(6, 0xff), mac, mac] });
  expect(await rows()).toEqual([{ smbios_uuid: null, macs: ["52:54:00:aa:bb:cc"] }]);
});

test("no token is stored or logged in clear", async () => {
  const { smbiosUuid, token } = await announced();
  await connect().enroll({ token, smbiosUuid });
  await connect().enroll({ token, smbiosUuid });
  await server.fleet.database.pool.query("SELECT 1");
  const tables = await server.fleet.rows<{ name: string }>(
    "SELECT c.relname AS name FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
  );
  for (const { name } of tables) {
    const found = await server.fleet.rows(
      `SELECT FROM "${name}" t WHERE t::text LIKE '%' || $1 || '%' OR t::text LIKE '%' || encode($1::bytea, 'hex') || '%'`,
      token,
    );
    expect([name, found]).toEqual([name, []]);
  }
  expect(recording.count("agent enrolled")).toBeGreaterThan(0);
  expect(JSON.stringify(recording.lines)).not.toContain(token);
});

test("an address that calls too often is asked to come back later", async () => {
  // An invalid message is answered without the database: sent as fast as possible.
  const one = connect();
  const answers = await Promise.all(Array.from({ length: 600 }, () => one.raw(enrollPath, Buffer.from([0xff]))));
  const codes = answers.map(({ code }) => code);
  expect(codes).toContain(status.INVALID_ARGUMENT);
  expect(codes).toContain(status.UNAVAILABLE);
});
