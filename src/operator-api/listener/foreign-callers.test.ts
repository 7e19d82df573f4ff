import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect as http2Connect, type ClientHttp2Session } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect as tcpConnect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { tlsFilesEnsure } from "../../lib/tls/credentials.ts";
import { operatorApiListen, type OperatorApiListener } from "./listener.ts";
import { testDependencies, testToken, type TestDependencies } from "../testing/operator-api.ts";

const list = "/farrier.operator.v1.MachineService/MachineList";
const add = "/farrier.operator.v1.MachineService/MachineAdd";
const bearer = `Bearer ${testToken}`;

let directory: string;
let database: TestDatabase;
let dependencies: TestDependencies;
let clear: OperatorApiListener;
let tls: OperatorApiListener;
let ca: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-foreign-callers-"));
  database = await testDatabase();
  dependencies = testDependencies(database.connection);
  const files = await tlsFilesEnsure({ directory, serverNames: ["farrier.example.net"] });
  ca = files.caCertificatePem;
  const probes = { ready: async () => ({ ready: true }) as const, metrics: async () => "farrier_test 1\n" };
  clear = await operatorApiListen({
    ...dependencies,
    probes,
    address: { host: "127.0.0.1", port: 0 },
    proxyNames: ["console.example.net"],
  });
  tls = await operatorApiListen({
    ...dependencies,
    probes,
    address: { host: "0.0.0.0", port: 0 },
    tls: { certificatePem: files.serverCertificatePem, keyPem: files.serverKeyPem },
  });
});
afterAll(async () => {
  await clear[Symbol.asyncDispose]();
  await tls[Symbol.asyncDispose]();
  await dependencies[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

interface Answer {
  status: number;
  text: string;
}

/** One request with these headers, Host and Origin included, as no fetch would send them. */
async function ask(
  listener: OperatorApiListener,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const send = listener === clear ? httpRequest : httpsRequest;
  const call = send({
    host: "127.0.0.1",
    servername: "localhost",
    port: listener.address.port,
    method,
    path,
    ca,
    headers: { connection: "close", ...headers },
  });
  call.end(method === "POST" ? "{}" : undefined);
  const [response] = (await once(call, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response) {
    text += String(chunk);
  }
  return { status: response.statusCode ?? 0, text };
}

const json = { authorization: bearer, "content-type": "application/json" };

describe("A14: a foreign page's request is not carried out", () => {
  const foreign: [string, Record<string, string>, number][] = [
    ["from another site", { "sec-fetch-site": "cross-site" }, 403],
    ["of another origin", { origin: "http://evil.example" }, 403],
    ["of a sandboxed page", { origin: "null" }, 403],
    ["to another name", { host: "evil.example:8080" }, 421],
    ["of a page loaded from another name", { host: "evil.example", origin: "http://evil.example" }, 421],
  ];

  test.each(foreign)("%s", async (_what, headers, status) => {
    for (const listener of [clear, tls]) {
      const name = `foreign-${randomUUID()}`;
      const before = dependencies.calls.length;
      const answer = await ask(listener, "POST", add, { ...json, ...headers, "x-name": name });
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.text)).toMatchObject({ message: expect.any(String) as string });
      expect(dependencies.calls.length).toBe(before);
    }
  });

  test.each(foreign)("nor are the metrics read: %s", async (_what, headers, status) => {
    for (const listener of [clear, tls]) {
      const answer = await ask(listener, "GET", "/metrics", { authorization: bearer, ...headers });
      expect([answer.status, answer.text.includes("farrier_test")]).toEqual([status, false]);
    }
  });

  test("over HTTP/2, in :authority as in host", async () => {
    const session = http2Connect(tls.url, { ca });
    try {
      const statuses = await Promise.all(
        [
          { ":authority": "evil.example" },
          { ":authority": "localhost", host: "evil.example" },
          { ":authority": "localhost", origin: "https://evil.example" },
          { ":authority": "localhost", "sec-fetch-site": "cross-site" },
          { ":authority": "farrier.example.net", origin: "https://farrier.example.net" },
        ].map((headers) => http2Status(session, { ":path": "/metrics", authorization: bearer, ...headers })),
      );
      expect(statuses).toEqual([421, 400, 403, 403, 200]);
    } finally {
      session.destroy();
    }
  });
});

test("A14: an own page's request is carried out, through a tunnel or a proxy too", async () => {
  const port = clear.address.port;
  const own = [
    { host: `127.0.0.1:${port}`, origin: `http://127.0.0.1:${port}`, "sec-fetch-site": "same-origin" },
    { host: "localhost:9000", origin: "http://localhost:9000", "sec-fetch-site": "same-origin" },
    { host: "[::1]:9000" },
    { host: "localhost:9000", "sec-fetch-site": "none" },
    { host: "console.example.net", origin: "https://console.example.net", "sec-fetch-site": "same-origin" },
  ];
  for (const headers of own) {
    expect((await ask(clear, "POST", list, { ...json, ...headers })).status).toBe(200);
    expect((await ask(clear, "GET", "/metrics", headers)).status).toBe(200);
  }
});

test("A14: a supervisor may call the probes by any name", async () => {
  expect((await ask(clear, "GET", "/healthz", { host: "10.1.2.3:8080" })).status).toBe(200);
  expect((await ask(tls, "GET", "/readyz", { host: "10.1.2.3:8080" })).status).toBe(200);
});

async function http2Status(session: ClientHttp2Session, headers: Record<string, string>): Promise<number> {
  const stream = session.request(headers);
  const [answer] = (await once(stream, "response")) as [{ ":status"?: number }];
  stream.resume();
  await once(stream, "end");
  return answer[":status"] ?? 0;
}

describe("C2: a gRPC client is answered in its own words", () => {
  /** As grpcurl calls: a method by its path, with whatever bytes. */
  async function grpc(path: string, authorization?: string): Promise<{ code?: number; details?: string }> {
    const client = new Client(`localhost:${tls.address.port}`, credentials.createSsl(Buffer.from(ca)));
    const metadata = new Metadata();
    if (authorization !== undefined) {
      metadata.set("authorization", authorization);
    }
    const same = (value: Buffer): Buffer => value;
    try {
      return await new Promise((resolve) => {
        client.makeUnaryRequest(path, same, same, Buffer.alloc(0), metadata, (error: ServiceError | null) =>
          resolve(error === null ? { code: 0 } : { code: error.code, details: error.details }),
        );
      });
    } finally {
      client.close();
    }
  }

  test.each<[string, string, string | undefined, number, RegExp]>([
    ["no token", list, undefined, 16, /not authorised: send `authorization: Bearer TOKEN`/u],
    ["a bad token", list, "Bearer frr_wrong", 16, /not authorised/u],
    ["an unknown service, without a token", "/no.Such/Call", undefined, 16, /not authorised/u],
    ["an unknown service", "/no.Such/Call", bearer, 12, /there is nothing at POST \/no\.Such\/Call/u],
    ["an unknown method", "/farrier.operator.v1.MachineService/MachineEat", bearer, 12, /docs\/api\.md/u],
    ["reflection", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", bearer, 12, /no reflection: .*-proto/u],
  ])("%s", async (_what, path, authorization, code, details) => {
    expect(await grpc(path, authorization)).toEqual({ code, details: expect.stringMatching(details) as string });
  });

  test("a good call is carried out", async () => {
    expect(await grpc(list, bearer)).toEqual({ code: 0 });
  });

  test("the answer is HTTP 200 with the status in its headers, whatever variant of gRPC", async () => {
    const session = http2Connect(tls.url, { ca });
    try {
      for (const type of ["application/grpc", "application/grpc+proto", "application/grpc-web+proto"]) {
        const stream = session.request({ ":method": "POST", ":path": list, "content-type": type });
        const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
        expect(headers).toMatchObject({ ":status": 200, "grpc-status": "16", "content-type": type });
        stream.destroy();
      }
      const got = session.request({ ":path": list, "content-type": "application/grpc", authorization: bearer });
      expect((await once(got, "response"))[0]).toMatchObject({ ":status": 200, "grpc-status": "12" });
    } finally {
      session.destroy();
    }
  });
});

describe("C11: a request that no call can take is told what to send", () => {
  test.each<[string, string, string, Record<string, string>, number, RegExp]>([
    [
      "GET of a call",
      "GET",
      list,
      { authorization: bearer },
      405,
      /takes POST, not GET: send its request as JSON, such as `curl/u,
    ],
    ["PUT of a call", "PUT", add, json, 405, /takes POST, not PUT/u],
    [
      "another content type",
      "POST",
      list,
      { authorization: bearer, "content-type": "text/xml" },
      415,
      /does not take the content type "text\/xml": send JSON/u,
    ],
    ["no content type", "POST", list, { authorization: bearer }, 415, /content type "": send JSON/u],
    ["a path of nothing", "GET", "/", { authorization: bearer }, 404, /a call is POST \/SERVICE\/METHOD/u],
  ])("%s", async (_what, method, path, headers, status, message) => {
    for (const listener of [clear, tls]) {
      const answer = await ask(listener, method, path, headers);
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.text)).toMatchObject({ message: expect.stringMatching(message) as string });
    }
  });

  test.each([
    ["HTTP/2 in clear text", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", /gRPC needs HTTP\/2/u],
    ["TLS", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000", /not valid HTTP\/1\.1/u],
    ["headers without an end", `GET / HTTP/1.1\r\nX: ${"x".repeat(20_000)}`, /headers are longer/u],
  ])("bytes that are no request: %s", async (_what, bytes, message) => {
    const socket = tcpConnect(clear.address.port, "127.0.0.1");
    socket.write(bytes);
    let text = "";
    for await (const chunk of socket) {
      text += String(chunk);
    }
    expect(text).toMatch(/^HTTP\/1\.1 4\d\d [^\r]+\r\n/u);
    expect(JSON.parse(text.split("\r\n\r\n")[1] ?? "")).toMatchObject({
      message: expect.stringMatching(message) as string,
    });
  });
});
