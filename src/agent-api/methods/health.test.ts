import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AgentClient, agentClient, identityOf } from "../../../test/support/agent-client.ts";
import { agentServer, type AgentServer } from "../../../test/support/agent-server.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { ed25519KeyPair } from "../../lib/tls/ed25519.ts";
import { healthPath } from "./health.ts";
import { wireBytes } from "../wire.ts";

let server: AgentServer;
const clients = new DisposableStack();
const connect = (identity?: Parameters<typeof agentClient>[1]): AgentClient =>
  clients.use(agentClient(server.port, identity));
beforeAll(async () => {
  server = await agentServer();
});
afterAll(async () => {
  clients.dispose();
  await server[Symbol.asyncDispose]();
});

const service = (name: string): Buffer => Buffer.concat(wireBytes(1, Buffer.from(name)));

test("C11: health is said without a certificate, and with one", async () => {
  for (const client of [connect(), connect(identityOf(ed25519KeyPair()))]) {
    for (const name of ["", "cloud.bmaas.server.api.AgentCallback", "farrier.agent.v1.AgentService"]) {
      const request = name === "" ? Buffer.alloc(0) : service(name);
      expect(await client.raw(healthPath, request)).toMatchObject({ code: status.OK, bytes: Buffer.from([8, 1]) });
    }
    expect(await client.raw(healthPath, service("other"))).toMatchObject({ code: status.NOT_FOUND });
    expect(await client.raw(healthPath, Buffer.from([0xff]))).toMatchObject({ code: status.INVALID_ARGUMENT });
  }
});

test("C11: health takes only a small message, and a limited number of calls per address", async () => {
  const client = connect();
  expect(await client.raw(healthPath, Buffer.alloc(1_000))).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  const codes = await Promise.all(
    Array.from({ length: 300 }, async () => (await client.raw(healthPath, Buffer.alloc(0))).code),
  );
  expect(new Set(codes)).toEqual(new Set([status.OK, status.UNAVAILABLE]));
  await waitFor(
    "health to be answered again",
    async () => (await client.raw(healthPath, Buffer.alloc(0))).code === status.OK,
  );
});

test("C11: without a certificate every other method is UNAUTHENTICATED, there or not; with one UNIMPLEMENTED", async () => {
  const unknown = ["/nope", "/grpc.health.v1.Health/Watch", "/farrier.agent.v1.AgentService/Nope"];
  for (const path of [...unknown, "/farrier.agent.v1.AgentService/Watch"]) {
    expect([path, (await connect().raw(path, Buffer.alloc(0))).code]).toEqual([path, status.UNAUTHENTICATED]);
  }
  const { client } = await server.agent();
  for (const path of unknown) {
    expect(await client.raw(path, Buffer.alloc(0))).toMatchObject({
      code: status.UNIMPLEMENTED,
      details: `The server does not implement the method ${path}`,
    });
  }
});

test("C11: a server without a session says NOT_SERVING", async () => {
  await using own = await agentServer();
  const client = clients.use(agentClient(own.port, undefined));
  await own.sessions[Symbol.asyncDispose]();
  await waitFor("the session to be over", () => own.sessions.current() === undefined);
  expect(await client.raw(healthPath, Buffer.alloc(0))).toMatchObject({ code: status.OK, bytes: Buffer.from([8, 2]) });
});
