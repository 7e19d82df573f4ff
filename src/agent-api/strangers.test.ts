// docs/architecture.md, "Before a caller is known": the rule, over every method of the agent port.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect as http2Connect, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { connect as tlsConnect } from "node:tls";
import { gzipSync } from "node:zlib";
import { type DescMessage, fromBinary } from "@bufbuild/protobuf";
import type * as Protobuf from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { AgentCallback } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { AgentService } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import {
  type AgentClient,
  agentClient,
  enrollPath,
  heartbeatPath,
  identityOf,
  type Identity,
} from "../../test/support/agent-client.ts";
import { agentServer, type AgentServer } from "../../test/support/agent-server.ts";
import type { TestMachine } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { ed25519KeyPair } from "../lib/tls/ed25519.ts";
import { healthPath } from "./methods/health.ts";
import { limits } from "./limits.ts";
import type * as MessageCheck from "./admission/message-check.ts";
import { messageProblem } from "./admission/message-check.ts";
import { wireBytes } from "./wire.ts";

vi.mock("@bufbuild/protobuf", async (original) => {
  const library = await original<typeof Protobuf>();
  return { ...library, fromBinary: vi.fn<typeof Protobuf.fromBinary>(library.fromBinary) };
});
vi.mock("./admission/message-check.ts", async (original) => {
  const module = await original<typeof MessageCheck>();
  return { ...module, messageProblem: vi.fn<typeof MessageCheck.messageProblem>(module.messageProblem) };
});

/**
 * What stands before each method's handler. `lookup`: the caller is looked up by the machine id in the raw bytes. `budget`: it has
 * no machine yet; a budget by address is taken before its message is read. A new method fails the test until it is here.
 */
const before: Record<string, "lookup" | "budget"> = {
  "/cloud.bmaas.server.api.AgentCallback/Heartbeat": "lookup",
  "/farrier.agent.v1.AgentService/Watch": "lookup",
  "/farrier.agent.v1.AgentService/ReportProgress": "lookup",
  "/farrier.agent.v1.AgentService/ReportLog": "lookup",
  "/farrier.agent.v1.AgentService/Enroll": "budget",
};

let server: AgentServer;
let machine: TestMachine;
let stranger: AgentClient;
let good: AgentClient;
beforeAll(async () => {
  server = await agentServer();
  ({ machine, client: good } = await server.agent());
  stranger = agentClient(server.port, identityOf(ed25519KeyPair()));
});
afterAll(async () => {
  stranger[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});
afterEach(() => vi.clearAllMocks());

/** Types whose messages the server decoded, and how many it went through otherwise. */
const work = (): { decoded: string[]; checked: number } => ({
  decoded: vi
    .mocked(fromBinary)
    .mock.calls.map(([schema]: [DescMessage, ...unknown[]]) => schema.typeName)
    .filter((name) => name.endsWith("Request") || name.endsWith("Report")),
  checked: vi.mocked(messageProblem).mock.calls.length,
});

/** Up to 1 MiB of what costs a decoder most, behind a machine's id. */
const hostile = (machineId: string): [string, Buffer][] => {
  const room = limits.message - 64;
  const filled = (piece: Buffer): Buffer =>
    Buffer.concat([
      ...wireBytes(1, Buffer.from(machineId)),
      Buffer.alloc(Math.floor(room / piece.length) * piece.length, piece),
    ]);
  const empty = (number: number): Buffer => Buffer.concat(wireBytes(number, Buffer.alloc(0)));
  const node = Buffer.concat(wireBytes(1, Buffer.alloc(400_000, empty(11))));
  return [
    ["field 2, half a million times", filled(empty(2))],
    ["field 3, half a million times", filled(empty(3))],
    ["field 4, half a million times", filled(empty(4))],
    ["the machine's id over and over", filled(Buffer.concat(wireBytes(1, Buffer.from(machineId))))],
    ["fields that nobody knows", filled(empty(900))],
    [
      "hundreds of thousands of empty block devices",
      Buffer.concat([...wireBytes(1, Buffer.from(machineId)), ...wireBytes(2, node)]),
    ],
    ["garbage", Buffer.concat([...wireBytes(1, Buffer.from(machineId)), Buffer.alloc(room, 0xff)])],
  ];
};

test("A1: every method of the agent port is in the rule's table", () => {
  // And grpc.health.v1: see health.test.ts.
  const paths = [AgentCallback, AgentService].flatMap(({ typeName, methods }) =>
    methods.map(({ name }) => `/${typeName}/${name}`),
  );
  expect(paths.toSorted()).toEqual(Object.keys(before).toSorted());
});

describe("A1, A5: a stranger's message is answered before anything of it but the machine's id is read", () => {
  for (const path of Object.keys(before).filter((name) => before[name] === "lookup")) {
    test(path, async () => {
      for (const machineId of [machine.machineId, randomUUID()]) {
        for (const [what, message] of hostile(machineId)) {
          expect([what, (await stranger.raw(path, message)).code]).toEqual([what, status.UNAUTHENTICATED]);
        }
      }
      expect(work()).toEqual({ decoded: [], checked: 0 });
      await good.heartbeat();
    });
  }
});

test("A1: of a stranger's message no more than its beginning is received, and of an agent's first one all", async () => {
  const identity = identityOf(ed25519KeyPair());
  const socket = tlsConnect({
    ...{ port: server.port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["h2"] },
    ...{ key: identity.key, cert: identity.certificate },
  });
  await once(socket, "secureConnect");
  const session = http2Connect("https://localhost", { createConnection: () => socket });
  const stream = session.request({
    ...{ ":method": "POST", ":path": heartbeatPath, "content-type": "application/grpc", te: "trailers" },
  });
  // 1 MiB is said to come, and 5,000 bytes do: an answer that waited for the rest would be one of the time that ran out.
  const said = Buffer.alloc(5);
  said.writeUInt32BE(limits.message, 1);
  stream.write(Buffer.concat([said, ...wireBytes(1, Buffer.from(machine.machineId)), Buffer.alloc(5_000)]));
  const [headers] = (await once(stream, "response")) as [Record<string, string>];
  expect(headers["grpc-status"]).toBe(String(status.UNAUTHENTICATED));
  session.destroy();
  const { client } = await server.agent();
  await client.heartbeat({ hardwareReport: { warning: ["w".repeat(300_000)] } });
});

/** A connection whose calls are sent piece by piece. */
async function rawSession(port: number, { key, certificate: cert }: Identity): Promise<ClientHttp2Session> {
  const session = http2Connect(`https://127.0.0.1:${port}`, { key, cert, rejectUnauthorized: false });
  session.on("error", () => undefined);
  await once(session, "connect");
  return session;
}

function rawCall(session: ClientHttp2Session, path: string, headers: Record<string, string> = {}): ClientHttp2Stream {
  return session.request({
    ...{ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" },
    ...headers,
  });
}

/** The status of a call that was answered with nothing but headers, or with an answer and trailers. */
async function grpcStatus(stream: ClientHttp2Stream): Promise<number> {
  stream.resume();
  const [headers] = (await once(stream, "response")) as [Record<string, string>];
  const found =
    headers["grpc-status"] ?? ((await once(stream, "trailers")) as [Record<string, string>])[0]["grpc-status"];
  return Number(found);
}

test("A1: Enroll's budget is taken by the call's headers: of what is too much no byte of a message is received", async () => {
  await using own = await agentServer();
  const session = await rawSession(own.port, identityOf(ed25519KeyPair()));
  try {
    const statuses = new Set<number>();
    // Whole messages, that are none.
    const whole = async (): Promise<number> => {
      const stream = rawCall(session, enrollPath);
      stream.end(Buffer.from([0, 0, 0, 0, 1, 0xff]));
      const answer = await grpcStatus(stream);
      statuses.add(answer);
      return answer;
    };
    // Nothing of the message of a call in between is ever sent: only by its headers can it be refused.
    await waitFor("a call that is refused without its message", async () => {
      while ((await whole()) !== status.UNAVAILABLE) {
        // As fast as it goes.
      }
      const call = rawCall(session, enrollPath);
      // The budget grows: if there was room for it again, later calls are answered and it is not.
      const later = async (): Promise<undefined> => void [await whole(), await whole(), await whole()];
      const answer = await Promise.race([grpcStatus(call), later()]);
      call.close();
      return answer === status.UNAVAILABLE;
    });
    expect(statuses).toEqual(new Set([status.INVALID_ARGUMENT, status.UNAVAILABLE]));
  } finally {
    session.destroy();
  }
});

describe("A1: nothing is unpacked for a caller who is not known: a compressed message is refused by its headers", () => {
  for (const path of [...Object.keys(before), healthPath]) {
    test.for(["gzip", "deflate", "zstd"])(`${path}, %s`, async (encoding) => {
      const session = await rawSession(server.port, identityOf(ed25519KeyPair()));
      try {
        expect(await grpcStatus(rawCall(session, path, { "grpc-encoding": encoding }))).toBe(status.UNIMPLEMENTED);
      } finally {
        session.destroy();
      }
    });
  }

  test("an agent that is known may compress", async () => {
    const { machine: own } = await server.agent();
    const session = await rawSession(server.port, identityOf(own.agent));
    try {
      const message = Buffer.concat(wireBytes(1, Buffer.from(own.machineId)));
      const call = async (packed: boolean): Promise<number> => {
        const body = packed ? gzipSync(message) : message;
        const start = Buffer.from([packed ? 1 : 0, 0, 0, 0, body.length]);
        const stream = rawCall(session, heartbeatPath, packed ? { "grpc-encoding": "gzip" } : {});
        stream.end(Buffer.concat([start, body]));
        return await grpcStatus(stream);
      };
      expect(await call(true)).toBe(status.UNIMPLEMENTED);
      expect(await call(false)).toBe(status.OK);
      expect(await call(true)).toBe(status.OK);
    } finally {
      session.destroy();
    }
  });
});

test("A1: in a large message of a caller who is not known the machine's id comes first", async () => {
  const report = Buffer.concat(wireBytes(2, Buffer.concat(wireBytes(2, Buffer.alloc(100_000, "w")))));
  const id = Buffer.concat(wireBytes(1, Buffer.from(machine.machineId)));
  for (const client of [stranger, server.client(machine)]) {
    expect(await client.raw(heartbeatPath, Buffer.concat([report, id]))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringMatching(/machine_id.*before all else/u) as string,
    });
  }
  await good.heartbeat();
  expect((await good.raw(heartbeatPath, Buffer.concat([report, id]))).code).toBe(status.OK);
});

test("A1, A5: what an agent sends is counted before it is decoded", async () => {
  for (const path of Object.keys(before).filter((name) => before[name] === "lookup")) {
    for (const [what, message] of hostile(machine.machineId)) {
      expect([what, (await good.raw(path, message)).code]).toEqual([what, status.INVALID_ARGUMENT]);
    }
  }
  expect(work().decoded).toEqual([]);
});

test("A1, A5: an Enroll is counted before it is decoded", async () => {
  for (const [what, message] of hostile("token")) {
    expect([what, (await stranger.raw("/farrier.agent.v1.AgentService/Enroll", message)).code]).toEqual([
      what,
      status.INVALID_ARGUMENT,
    ]);
  }
  expect(work().decoded).toEqual([]);
});

test("A1: a heartbeat without reports needs no lookup; what is remembered lets nobody act", async () => {
  await using own = await agentServer();
  const { machine: mine, client } = await own.agent();
  const connections = (): Promise<unknown[]> =>
    own.fleet.rows(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'farrier agent lookups'",
    );
  await client.heartbeat();
  expect(await connections()).toHaveLength(0);
  // Known by that heartbeat: no lookup either.
  await client.heartbeat({ hardwareReport: { warning: ["w"] } });
  expect(await connections()).toHaveLength(0);
  const again = own.client(mine);
  await again.heartbeat({ hardwareReport: { warning: ["w"] } });
  expect(await connections()).toHaveLength(1);
  const key = await own.fleet.rekey(mine);
  const report = { hardwareReport: { warning: ["x"] } };
  await expect(client.heartbeat(report)).rejects.toThrow("UNAUTHENTICATED");
  await expect(again.heartbeat()).rejects.toThrow("UNAUTHENTICATED");
  await own.client({ ...mine, agent: key }).heartbeat(report);
});

test("A1: a second machine id after the looked-up machine id is refused", async () => {
  const { machine: other } = await server.agent();
  const [mine, theirs] = [machine, other].map(({ machineId }) => Buffer.concat(wireBytes(1, Buffer.from(machineId))));
  const report = Buffer.concat(wireBytes(3, Buffer.from([0x08, 0x01])));
  const message = Buffer.concat([mine ?? report, theirs ?? report, report]);
  expect(await good.raw(heartbeatPath, message)).toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringMatching(/machine_id is given more than once/u) as string,
  });
  expect(await server.fleet.history(other)).toEqual(["machine_added", "agent_registered"]);
  // Without a report, the other way round.
  const plain = Buffer.concat([theirs ?? report, mine ?? report]);
  expect((await good.raw(heartbeatPath, plain)).code).toBe(status.UNAUTHENTICATED);
});
