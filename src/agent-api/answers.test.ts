// The table of answers in docs/wire.md, row by row, in its order, over real connections.
import { randomBytes, randomUUID } from "node:crypto";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AgentHeartbeatRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { Phase, ReportProgressRequestSchema } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import {
  type AgentClient,
  agentClient,
  heartbeatPath,
  type Identity,
  identityOf,
  progressPath,
  type RawAnswer,
} from "../../test/support/agent-client.ts";
import { agentServer, type AgentServer } from "../../test/support/agent-server.ts";
import type { TestMachine } from "../../test/support/fleet.ts";
import { otherIdentity } from "../../test/support/other-certificate.ts";
import { ed25519KeyPair } from "../lib/tls/ed25519.ts";
import { limits } from "./limits.ts";

let server: AgentServer;
let machine: TestMachine;
let agent: AgentClient;
const others = new DisposableStack();
beforeAll(async () => {
  server = await agentServer();
  ({ machine, client: agent } = await server.agent());
});
afterAll(async () => {
  others.dispose();
  await server[Symbol.asyncDispose]();
});

type Heartbeat = MessageInitShape<typeof AgentHeartbeatRequestSchema>;
const heartbeat = (init: Heartbeat): Uint8Array =>
  toBinary(AgentHeartbeatRequestSchema, create(AgentHeartbeatRequestSchema, init));
const progress = (init: MessageInitShape<typeof ReportProgressRequestSchema>): Uint8Array =>
  toBinary(ReportProgressRequestSchema, create(ReportProgressRequestSchema, init));

const connectAs = (identity: Identity | undefined): AgentClient => others.use(agentClient(server.port, identity));

describe("a stranger learns nothing: the answer is the same for every name and every caller", () => {
  const strangers = {
    "no certificate": () => undefined,
    "an RSA key": () => otherIdentity("rsa"),
    "an ECDSA key": () => otherIdentity("ec"),
    "an Ed25519 key that nobody registered": () => identityOf(ed25519KeyPair()),
  };
  const messages = {
    "a known machine": () => heartbeat({ machineId: machine.machineId }),
    "an unknown machine": () => heartbeat({ machineId: randomUUID() }),
    "a known machine with reports": () =>
      heartbeat({ machineId: machine.machineId, hardwareReport: {}, installationReport: { generation: 1n } }),
    "an unknown machine with reports": () =>
      heartbeat({ machineId: randomUUID(), hardwareReport: {}, installationReport: { generation: 1n } }),
  };
  let expected: RawAnswer;
  beforeAll(async () => {
    expected = await connectAs(undefined).raw(heartbeatPath, heartbeat({ machineId: machine.machineId }));
    expect(expected.code).toBe(status.UNAUTHENTICATED);
  });

  for (const [who, identity] of Object.entries(strangers)) {
    test(who, async () => {
      const client = connectAs(identity());
      for (const message of Object.values(messages)) {
        expect(await client.raw(heartbeatPath, message())).toEqual(expected);
      }
      const report = { machineId: machine.machineId, generation: 1n, phase: Phase.WRITING };
      expect(await client.raw(progressPath, progress(report))).toEqual(expected);
      expect(await client.raw(progressPath, progress({ ...report, machineId: randomUUID() }))).toEqual(expected);
      expect(await server.fleet.history(machine)).toEqual(["machine_added", "agent_registered"]);
    });
  }

  test("another machine's agent is a stranger too", async () => {
    const { client } = await server.agent();
    for (const message of Object.values(messages)) {
      expect(await client.raw(heartbeatPath, message())).toEqual(expected);
    }
  });

  test("without a proven key it is said before the message is looked at", async () => {
    const client = connectAs(undefined);
    for (const message of [heartbeat({ machineId: "nonsense" }), Buffer.from([0xff]), randomBytes(2 << 20)]) {
      expect(await client.raw(heartbeatPath, message)).toEqual(expected);
    }
  });
});

describe("INVALID_ARGUMENT, saying which field and limit", () => {
  const text = (length: number): string => "x".repeat(length);
  const id = (): Heartbeat => ({ machineId: machine.machineId });
  const error = (value: string): Heartbeat => ({
    installationReport: { generation: 1n, result: { case: "error", value: { error: value } } },
  });
  const table: [string, () => Heartbeat, RegExp][] = [
    ["no machine id", () => ({}), /^machine_id invalid$/u],
    ["a machine id that is none", () => ({ machineId: "123" }), /^machine_id invalid$/u],
    ["a machine id with a NUL", () => ({ machineId: `${machine.machineId.slice(1)}\0` }), /^machine_id invalid$/u],
    ["a machine id in braces", () => ({ machineId: `{${machine.machineId}}` }), /^machine_id invalid$/u],
    ["a machine id first", () => ({ machineId: "x", runId: Buffer.alloc(3) }), /^machine_id invalid$/u],
    ["a run id too short", () => ({ ...id(), runId: Buffer.alloc(15) }), /run_id.*15.*16/u],
    ["a run id too long", () => ({ ...id(), runId: Buffer.alloc(17) }), /run_id.*17.*16/u],
    ["a negative generation", () => ({ ...id(), installationReport: { generation: -1n } }), /generation.*-1/u],
    [
      "the most negative generation",
      () => ({ ...id(), installationReport: { generation: -(2n ** 63n) } }),
      /generation/u,
    ],
    ["NUL bytes", () => ({ ...id(), ...error("a\0b") }), /error.*NUL/u],
    ["an error text over 8 KiB", () => ({ ...id(), ...error(text(8193)) }), /error.*8193.*8192/u],
    ["an error text over 8 KiB in bytes", () => ({ ...id(), ...error("ä".repeat(4097)) }), /error.*8194.*8192/u],
    [
      "65 warnings",
      () => ({ ...id(), hardwareReport: { warning: Array.from({ length: 65 }, text) } }),
      /warning.*65.*64/u,
    ],
    [
      "a hardware report over 512 KiB",
      () => ({ ...id(), hardwareReport: { warning: [text((512 << 10) - 3)] } }),
      /hardware_report.*524289.*524288/u,
    ],
  ];
  for (const [name, init, details] of table) {
    test(`a heartbeat with ${name}`, async () => {
      const before = await server.fleet.history(machine);
      expect(await agent.raw(heartbeatPath, heartbeat(init()))).toMatchObject({
        code: status.INVALID_ARGUMENT,
        details: expect.stringMatching(details) as string,
      });
      expect(await server.fleet.history(machine)).toEqual(before);
    });
  }

  test("limits themselves are accepted, and text that needs care", async () => {
    const { machine: own, client } = await server.agent();
    const reports: Heartbeat[] = [
      { hardwareReport: { warning: [text((512 << 10) - 4)] } },
      { hardwareReport: { warning: Array.from({ length: 64 }, () => "w\\u0000") } },
      error(text(8192)),
      error(`"{NULL}",\\x00 \\u0000 ' ; DROP TABLE machines; 🐴`),
      error(""),
      error("NULL"),
      { installationReport: { generation: 2n ** 63n - 1n } },
      { runId: Buffer.alloc(0) },
    ];
    for (const report of reports) {
      await client.heartbeat({ machineId: own.machineId, ...report });
    }
    const generation = await server.fleet.request(own);
    const nasty = `"{NULL}",\\x00 \\u0000 ' ; DROP TABLE machines; 🐴`;
    await client.heartbeat({ installationReport: { generation, result: { case: "error", value: { error: nasty } } } });
    expect(
      await server.fleet.rows("SELECT error FROM machine_os_installation_report WHERE machine_id = $1", own.machineId),
    ).toEqual([{ error: nasty }]);
  });

  test("bytes that are no message", async () => {
    for (const bytes of [
      [0xff],
      [0x0a, 0x7f],
      [0x0a, 0x01],
      [0x00],
      [0x07],
      [0x0b],
      [0x12, 0xff, 0xff, 0xff, 0xff, 0x7f],
    ]) {
      expect(await agent.raw(heartbeatPath, Buffer.from(bytes))).toMatchObject({ code: status.INVALID_ARGUMENT });
      expect(await agent.raw(progressPath, Buffer.from(bytes))).toMatchObject({ code: status.INVALID_ARGUMENT });
    }
    // A report that is not one, in a heartbeat that is.
    const named = heartbeat(id0());
    for (const field of [0x12, 0x1a]) {
      expect(
        await agent.raw(heartbeatPath, Buffer.concat([named, Buffer.from([field, 0x02, 0x0f, 0x7f])])),
      ).toMatchObject({
        code: status.INVALID_ARGUMENT,
        details: expect.stringMatching(/report is not a message/u) as string,
      });
    }
  });
  const id0 = (): Heartbeat => ({ machineId: machine.machineId });

  const progressTable: [string, MessageInitShape<typeof ReportProgressRequestSchema>, RegExp][] = [
    ["no machine id", { machineId: "", phase: 2 }, /machine_id invalid/u],
    ["a negative generation", { generation: -1n, phase: 2 }, /generation.*negative/u],
    ["negative bytes", { bytesDone: -1n, phase: 2 }, /bytes_done.*negative/u],
    ["a negative total", { bytesTotal: -1n, phase: 2 }, /bytes_total.*negative/u],
    ["no phase", {}, /phase 0.*1 to 6/u],
    ["a phase of tomorrow", { phase: 7 as Phase }, /phase 7.*1 to 6/u],
    ["a long detail", { phase: 2, detail: text(1025) }, /detail.*1024/u],
    ["NUL bytes in the detail", { phase: 2, detail: "a\0" }, /detail.*NUL/u],
    ["a short run id", { phase: 2, runId: Buffer.alloc(1) }, /run_id.*1.*16/u],
  ];
  for (const [name, init, details] of progressTable) {
    test(`progress with ${name}`, async () => {
      expect(await agent.raw(progressPath, progress({ machineId: machine.machineId, ...init }))).toMatchObject({
        code: status.INVALID_ARGUMENT,
        details: expect.stringMatching(details) as string,
      });
    });
  }
});

test("a message over 1 MiB is RESOURCE_EXHAUSTED, and the connection lives on", async () => {
  const { client } = await server.agent();
  expect(await client.raw(heartbeatPath, Buffer.alloc(limits.message + 1))).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
  });
  await client.heartbeat();
});

test("database away, session lost: UNAVAILABLE, nothing written; served again once they are back", async () => {
  const { fleet, sessions } = server;
  const { machine: own, client } = await server.agent();
  await client.heartbeat();
  // Without the holder's knowing: as when the lease ran out while this process was suspended.
  const lost = sessions.current();
  await fleet.rows("UPDATE sessions SET session_deadline = now() - interval '1 s'");
  const report = { generation: 5n };
  const answers = await Promise.all([
    agent.raw(heartbeatPath, heartbeat({ machineId: own.machineId })),
    client.raw(heartbeatPath, heartbeat({ machineId: own.machineId })),
    client.raw(heartbeatPath, heartbeat({ machineId: own.machineId, hardwareReport: {}, installationReport: report })),
    client.raw(progressPath, progress({ machineId: own.machineId, generation: 1n, phase: Phase.WRITING })),
  ]);
  // Nobody is known to be a stranger while nobody can be looked up.
  expect(answers.map(({ code, details }) => [code, details])).toEqual(
    answers.map(() => [status.UNAVAILABLE, "not now: try again"]),
  );
  expect(await fleet.history(own)).toEqual(["machine_added", "agent_registered"]);
  // The test's stand-in for the wait until the next poke finds it gone.
  await fleet.rows(
    "UPDATE sessions SET session_deadline = now() + interval '15 s' WHERE session_id = $1",
    lost?.id ?? randomUUID(),
  );
  await client.heartbeat({ installationReport: report });
});
