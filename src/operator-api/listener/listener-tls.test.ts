import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connect as http2Connect } from "node:http2";
import { createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AccessService, Credential, Role } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { testDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { systemClock } from "../../lib/clock.ts";
import { tlsFilesEnsure } from "../../lib/tls/credentials.ts";
import { databaseAuthenticator } from "../caller/authenticator.ts";
import { operatorApiListen, type OperatorApiListener } from "./listener.ts";
import { testClients, testDependencies, testToken, type TestDependencies } from "../testing/operator-api.ts";

const run = promisify(execFile);

// These are more failures of one address than are answered: a clock that is put forward lets each test's through.
let ahead = 0;
const hurried = { ...systemClock, monotonic: () => systemClock.monotonic() + ahead };

let directory: string;
let database: TestDatabase;
let dependencies: TestDependencies;
let listener: OperatorApiListener;
let ca: string;

/** A key and a certificate as OpenSSL makes them; of the CA `by`, or self-signed. */
async function issue(name: string, subject: string, by?: string, days = 1): Promise<{ cert: string; key: string }> {
  const [key, cert] = [join(directory, `${name}.key`), join(directory, `${name}.pem`)];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const issuer = by === undefined ? [] : ["-CA", join(directory, `${by}.pem`), "-CAkey", join(directory, `${by}.key`)];
  const usage = by === undefined ? "basicConstraints=critical,CA:TRUE" : "basicConstraints=CA:FALSE";
  await run("openssl", [
    ...["req", "-x509", ...curve, "-keyout", key, "-out", cert, "-days", String(days), "-subj", subject],
    ...["-addext", usage, ...issuer],
  ]);
  return { cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") };
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-operator-tls-"));
  database = await testDatabase();
  dependencies = testDependencies(database.connection);
  const server = await tlsFilesEnsure({ directory: join(directory, "tls"), serverNames: [] });
  ca = server.caCertificatePem;
  const operators = await issue("operators", "/CN=Operators CA");
  listener = await operatorApiListen({
    ...dependencies,
    authenticator: databaseAuthenticator({ ...dependencies, localToken: testToken, clock: hurried }),
    address: { host: "0.0.0.0", port: 0 },
    probes: { ready: async () => ({ ready: true }), metrics: async () => "farrier_test 1\n" },
    tls: {
      certificatePem: server.serverCertificatePem,
      keyPem: server.serverKeyPem,
      clientCaPem: operators.cert,
    },
  });
});
afterAll(async () => {
  await listener[Symbol.asyncDispose]();
  await dependencies[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const withToken =
  (token: string | undefined): Interceptor =>
  (next) =>
  (request) => {
    if (token !== undefined) {
      request.header.set("authorization", `Bearer ${token}`);
    }
    return next(request);
  };

interface Shown {
  token?: string;
  cert?: string;
  key?: string;
}

const nodeOptions = ({ cert, key }: Shown): Record<string, string> => ({
  ca,
  ...(cert === undefined || key === undefined ? {} : { cert, key }),
});

const transports: Record<string, (shown: Shown) => Transport> = {
  "Connect over HTTP/1.1": (shown) =>
    createConnectTransport({
      httpVersion: "1.1",
      baseUrl: listener.url,
      nodeOptions: nodeOptions(shown),
      interceptors: [withToken(shown.token)],
    }),
  "Connect over HTTP/2": (shown) =>
    createConnectTransport({
      httpVersion: "2",
      baseUrl: listener.url,
      nodeOptions: nodeOptions(shown),
      interceptors: [withToken(shown.token)],
    }),
  gRPC: (shown) =>
    createGrpcTransport({
      baseUrl: listener.url,
      nodeOptions: nodeOptions(shown),
      interceptors: [withToken(shown.token)],
    }),
  "gRPC-Web": (shown) =>
    createGrpcWebTransport({
      httpVersion: "2",
      baseUrl: listener.url,
      nodeOptions: nodeOptions(shown),
      interceptors: [withToken(shown.token)],
    }),
};

const whoAmI = (transport: Transport) => createClient(AccessService, transport).whoAmI({});

/** A GET with Node's own client, over HTTP/1.1. */
async function get(path: string, headers: Record<string, string> = {}): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    httpsRequest(`${listener.url}${path}`, { ca, headers, agent: false }, (response) => {
      let text = "";
      response
        .on("data", (chunk) => (text += String(chunk)))
        .on("end", () => resolve([response.statusCode ?? 0, text]));
    })
      .on("error", reject)
      .end();
  });
}

// Before the tests that fail to prove who they are: too many of those are told something else.
test("over the network the metrics are for operators; whether it lives is for all", async () => {
  expect((await get("/healthz"))[0]).toBe(200);
  expect((await get("/readyz"))[0]).toBe(200);
  expect((await get("/metrics"))[0]).toBe(401);
  expect(await get("/metrics", { authorization: `Bearer ${testToken}` })).toEqual([200, "farrier_test 1\n"]);
});

describe.each(Object.entries(transports))("%s", (_name, transport) => {
  beforeEach(() => {
    ahead += 60_000;
  });

  test("takes a token", async () => {
    expect(await whoAmI(transport({ token: testToken }))).toMatchObject({ role: Role.ADMIN, address: "127.0.0.1" });
  });

  test("takes a certificate of the operators' CA", async () => {
    const shown = await issue("alice", "/CN=Alice/OU=operator", "operators");
    expect(await whoAmI(transport(shown))).toMatchObject({
      name: "Alice",
      role: Role.OPERATOR,
      credential: Credential.CERTIFICATE,
      expiresAt: { seconds: expect.any(BigInt) as bigint },
    });
  });

  test("a certificate does not make up for a wrong token", async () => {
    const shown = await issue("bob", "/CN=Bob/OU=admin", "operators");
    await expect(whoAmI(transport({ ...shown, token: "frr_wrong" }))).rejects.toThrow(/unauthenticated/u);
  });

  test.each<[string, string, string | undefined]>([
    ["without a role", "/CN=Carol", "operators"],
    ["that is self-signed", "/CN=Dave/OU=admin", undefined],
  ])("refuses a certificate %s", async (_what, subject, by) => {
    await expect(whoAmI(transport(await issue("other", subject, by)))).rejects.toThrow(/unauthenticated/u);
  });

  test("refuses a certificate of another CA", async () => {
    await issue("strangers", "/CN=Operators CA");
    const shown = await issue("eve", "/CN=Eve/OU=admin", "strangers");
    await expect(whoAmI(transport(shown))).rejects.toThrow(/unauthenticated/u);
  });

  test("refuses who shows nothing", async () => {
    await expect(whoAmI(transport({}))).rejects.toThrow(/unauthenticated/u);
  });
});

test("what a certificate's owner does is in history and audit under the certificate's name", async () => {
  const shown = await issue("frank", "/CN=Frank/O=operator", "operators");
  const { machines } = { machines: testClients(dependencies).machines };
  const transport = transports["gRPC"];
  if (transport === undefined) {
    throw new Error("there is no such transport");
  }
  const { MachineService } = await import("../../../gen/farrier/operator/v1/machine_pb.ts");
  const client = createClient(MachineService, transport(shown));
  const { machine } = await client.machineAdd({ requestId: randomUUID(), provider: "static", providerId: "f" });
  const { entries } = await machines.machineHistory({ machine: machine?.id ?? "" });
  expect(entries.map(({ actor }) => actor)).toEqual(["Frank"]);
  const audit = await testClients(dependencies).access.auditList({ actor: "Frank" });
  expect(audit.entries).toMatchObject([{ credential: Credential.CERTIFICATE, address: "127.0.0.1", code: "ok" }]);
});

test("the URL is for this host, whatever is listened on", () => {
  expect(listener.url).toBe(`https://localhost:${listener.address.port}`);
});

test("who does not speak TLS is not served, and the server goes on", async () => {
  await expect(fetch(`http://localhost:${listener.address.port}/healthz`)).rejects.toThrow();
  expect((await get("/healthz"))[0]).toBe(200);
});

test("disposing waits for no HTTP/2 connection on which nothing goes on", async () => {
  const server = await tlsFilesEnsure({ directory: join(directory, "tls"), serverNames: [] });
  const other = await operatorApiListen({
    ...dependencies,
    address: { host: "127.0.0.1", port: 0 },
    probes: { ready: async () => ({ ready: true }), metrics: async () => "" },
    tls: { certificatePem: server.serverCertificatePem, keyPem: server.serverKeyPem },
    drainMilliseconds: 3_600_000,
  });
  const session = http2Connect(other.url, { ca });
  const stream = session.request({ ":path": "/healthz" });
  stream.resume();
  await new Promise((resolve) => stream.once("end", resolve));
  await other[Symbol.asyncDispose]();
  expect(session.closed).toBe(true);
  session.destroy();
});

test("too many failed attempts are told so; a right token passes all the same", async () => {
  const statuses: number[] = [];
  for (let attempt = 0; attempt < 40; attempt += 1) {
    statuses.push((await get("/metrics", { authorization: "Bearer frr_wrong" }))[0]);
  }
  expect(new Set(statuses)).toContain(429);
  expect(statuses.at(-1)).toBe(429);
  expect((await get("/metrics", { authorization: `Bearer ${testToken}` }))[0]).toBe(200);
  expect(dependencies.limited()).toBeGreaterThan(0);
});
