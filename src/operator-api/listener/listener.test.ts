import { once } from "node:events";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect as connectSocket } from "node:net";
import { gzipSync } from "node:zlib";
import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { MachineService } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { unauthenticatedMessage } from "../caller/identity.ts";
import { operatorApiListen, type OperatorApiListener } from "./listener.ts";
import type { Probes } from "./probes.ts";
import { nowhere, testDependencies, testToken, type TestDependencies } from "../testing/operator-api.ts";

let database: TestDatabase;
let dependencies: TestDependencies;
let listener: OperatorApiListener;
const state: { ready: Awaited<ReturnType<Probes["ready"]>>; metrics: () => Promise<string> } = {
  ready: { ready: true },
  metrics: async () => "farrier_test 1\n",
};
const probes: Probes = { ready: async () => state.ready, metrics: () => state.metrics() };

beforeAll(async () => {
  database = await testDatabase();
  dependencies = testDependencies(database.connection);
  listener = await operatorApiListen({ ...dependencies, address: { host: "127.0.0.1", port: 0 }, probes });
});
afterAll(async () => {
  await listener[Symbol.asyncDispose]();
  await dependencies[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const add = "/farrier.operator.v1.MachineService/MachineAdd";
const list = "/farrier.operator.v1.MachineService/MachineList";

const authorized = { authorization: `Bearer ${testToken}` };

/** As `curl -H 'content-type: application/json' -d BODY URL` does. */
async function post(
  path: string,
  body: string | Uint8Array<ArrayBuffer> | ReadableStream,
  headers: Record<string, string> = authorized,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${listener.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
    duplex: "half",
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? "" : JSON.parse(text) };
}

describe("plain JSON", () => {
  test("adds and lists machines", async () => {
    const body = JSON.stringify({
      request_id: "123e4567-e89b-42d3-a456-426614174000",
      provider: "static",
      provider_id: "json",
    });
    const added = await post(add, body);
    expect(added).toMatchObject({ status: 200, body: { machine: { provided: { providerId: "json" } } } });
    expect(await post(list, "{}")).toMatchObject({ status: 200, body: { machines: [{}] } });
  });

  test.each<[string, string, string, RegExp]>([
    ["missing fields", add, "{}", /^request_id: .*; provider: .*; provider_id: is missing$/u],
    ["a wrong type", add, '{"labels": 7}', /labels/u],
    ["a fraction for a whole number", list, '{"pageSize": 1.5}', /page_size|pageSize/u],
    ["a misspelt field", add, '{"provder": "x"}', /"provder" is unknown/u],
    ["half a surrogate", add, '{"location": "\\ud800"}', /location.*invalid UTF8/u],
    ["what is no JSON", add, "{", /JSON/u],
    ["no body", add, "", /^/u],
    ["an array", add, "[]", /JSON/u],
  ])("is refused with %s", async (_what, path, body, message) => {
    const answer = await post(path, body);
    expect(answer).toEqual({
      status: 400,
      body: { code: "invalid_argument", message: expect.stringMatching(message) as string },
    });
  });

  const tooLarge = "the message is too large: expected at most 1024 KiB (1048576 bytes): send less in one call";

  test.each<[string, (body: string) => Promise<{ status: number; body: unknown }>]>([
    ["with its length", (body) => post(add, body)],
    ["without its length", (body) => post(add, new Blob([body]).stream())],
    ["compressed", (body) => post(add, gzipSync(body), { ...authorized, "content-encoding": "gzip" })],
  ])("of 10 MB is refused %s, without being kept", async (_how, call) => {
    expect(await call(`{"provider":"${"x".repeat(10_000_000)}"}`)).toEqual({
      status: 400,
      body: { code: "invalid_argument", message: tooLarge },
    });
  });

  test("of 10 MB is refused with the same words to a gRPC client", async () => {
    const transport = createGrpcWebTransport({ httpVersion: "1.1", baseUrl: listener.url });
    const call = createClient(MachineService, transport).machineAdd(
      { provider: "x".repeat(10_000_000) },
      { headers: { authorization: `Bearer ${testToken}` } },
    );
    await expect(call).rejects.toMatchObject({ code: Code.InvalidArgument, rawMessage: tooLarge });
  });

  test("is only taken by POST, and only of a known kind", async () => {
    const authorization = `Bearer ${testToken}`;
    const got = await fetch(`${listener.url}${add}`, { headers: { authorization } });
    expect(got.status).toBe(405);
    const text = await fetch(`${listener.url}${add}`, {
      method: "POST",
      headers: { authorization, "content-type": "text/plain" },
      body: "{}",
    });
    expect(text.status).toBe(415);
  });
});

describe("without the right token", () => {
  const answer = { status: 401, body: { code: "unauthenticated", message: unauthenticatedMessage } };
  test.each<[string, string, string, Record<string, string>]>([
    ["no token", list, "{}", {}],
    ["a wrong token", list, "{}", { authorization: `Bearer frr_${"x".repeat(43)}` }],
    ["a wrong token and a broken body", list, "{", { authorization: "Bearer x" }],
    ["an unknown method", "/farrier.operator.v1.MachineService/MachineEat", "{}", {}],
    ["an unknown path", "/admin", "{}", {}],
    ["a great body", list, "x".repeat(2_000_000), {}],
  ])("%s gets the one answer", async (_what, path, body, headers) => {
    expect(await post(path, body, headers)).toEqual(answer);
  });

  test("gRPC-Web clients understand it", async () => {
    const transport = createGrpcWebTransport({ httpVersion: "1.1", baseUrl: listener.url });
    await expect(createClient(MachineService, transport).machineList({})).rejects.toThrow(/unauthenticated/u);
  });
});

test("with the token, an unknown path is not found", async () => {
  expect(await post("/admin", "{}")).toMatchObject({ status: 404, body: { code: "not_found" } });
});

test.each([createConnectTransport, createGrpcWebTransport])(
  "other languages' protocols work: %o",
  async (transport) => {
    const client = createClient(
      MachineService,
      transport({
        httpVersion: "1.1",
        baseUrl: listener.url,
        interceptors: [
          (next) => (request) => {
            request.header.set("authorization", `Bearer ${testToken}`);
            return next(request);
          },
        ],
      }),
    );
    expect((await client.machineList({})).machines.length).toBeGreaterThanOrEqual(0);
  },
);

describe("probes need no token:", () => {
  const get = async (path: string): Promise<[number, string]> => {
    const response = await fetch(`${listener.url}${path}`);
    return [response.status, await response.text()];
  };

  test("/healthz, /readyz and /metrics", async () => {
    expect(await get("/healthz")).toEqual([200, "ok\n"]);
    expect(await get("/readyz?verbose")).toEqual([200, "ready\n"]);
    expect(await get("/metrics")).toEqual([200, "farrier_test 1\n"]);
  });

  test("/readyz says why it is not ready", async () => {
    state.ready = { ready: false, reason: "the database is away" };
    expect(await get("/readyz")).toEqual([503, "not ready: the database is away\n"]);
    state.ready = { ready: true };
  });

  test("a metrics call that fails says so, without the cause", async () => {
    state.metrics = () => Promise.reject(new Error("secret"));
    const [status, text] = await get("/metrics");
    expect([status, text.includes("secret")]).toEqual([503, false]);
    state.metrics = async () => "farrier_test 1\n";
  });

  test("they take GET alone", async () => {
    const response = await fetch(`${listener.url}/metrics`, { method: "POST", body: "x" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});

describe("requests that are no good HTTP end with 400, and the server goes on:", () => {
  async function raw(text: string): Promise<string> {
    const socket = connectSocket(listener.address.port, "127.0.0.1");
    await once(socket, "connect");
    socket.end(text);
    let answer = "";
    for await (const chunk of socket) {
      answer += String(chunk);
    }
    return answer;
  }
  const head = `POST ${list} HTTP/1.0\r\nAuthorization: Bearer ${testToken}\r\nContent-Type: application/json\r\n`;

  test.each([
    ["no Host", `${head}Content-Length: 2\r\n\r\n{}`],
    ["a Host that is none", `${head}Host: [\r\nContent-Length: 2\r\n\r\n{}`],
    ["garbage", "\u0016\u0003\u0001 garbage\r\n\r\n"],
  ])("%s", async (_what, text) => {
    expect(await raw(text)).toMatch(/^HTTP\/1\.1 400 /u);
    expect((await fetch(`${listener.url}/healthz`)).status).toBe(200);
  });
});

describe("where it listens", () => {
  test.each(["0.0.0.0", "", "::", "192.0.2.1", "example.org"])("%j is refused: not loopback", async (host) => {
    const listening = operatorApiListen({ ...dependencies, address: { host, port: 0 }, probes });
    await expect(listening).rejects.toMatchObject({ code: "not_loopback", message: /--operators 127\.0\.0\.1:8080/u });
  });

  test("a port that is taken is named, with what to do", async () => {
    const listening = operatorApiListen({ ...dependencies, address: listener.address, probes });
    const expected = `can't be served on 127.0.0.1:${listener.address.port}: another program listens there`;
    await expect(listening).rejects.toThrow(expected);
    await expect(listening).rejects.toThrow("--operators HOST:PORT");
  });
});

test("a database that is away is unavailable", async () => {
  await using away = testDependencies(nowhere);
  await using other = await operatorApiListen({ ...away, address: { host: "localhost", port: 0 }, probes });
  const response = await fetch(`${other.url}${list}`, {
    method: "POST",
    headers: { authorization: `Bearer ${testToken}`, "content-type": "application/json" },
    body: "{}",
  });
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({
    code: "unavailable",
    message: expect.stringContaining("database can't be reached") as string,
  });
  expect(away.calls).toEqual([{ method: list.slice(1), code: "unavailable" }]);
});

test("disposing lets a call under way finish, and takes no more", async () => {
  const other = await operatorApiListen({ ...dependencies, address: { host: "127.0.0.1", port: 0 }, probes });
  const call = httpRequest(`${other.url}${list}`, {
    method: "POST",
    headers: { authorization: `Bearer ${testToken}`, "content-type": "application/json", "content-length": 2 },
  });
  const answer = once(call, "response") as Promise<
    [NodeJS.ReadableStream & { statusCode: number; headers: IncomingHttpHeaders }]
  >;
  call.write("{");
  // The server has the connection once the request's head is there; its end comes only after disposal began.
  await once(call, "socket").then(([socket]: unknown[]) => socket);
  await fetch(`${other.url}/healthz`);
  const disposed = other[Symbol.asyncDispose]();
  await expect(fetch(`${other.url}/healthz`)).rejects.toThrow();
  call.end("}");
  const [response] = await answer;
  expect(response.statusCode).toBe(200);
  response.resume();
  await disposed;
});
