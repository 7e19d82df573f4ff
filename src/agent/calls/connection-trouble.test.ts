import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from "node:http2";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { AgentInitSchema } from "../../../gen/cloud/agent/api/takeover_pb.ts";
import { AgentHeartbeatRequestSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { ed25519KeyPair } from "../../lib/tls/ed25519.ts";
import { authorityIssue, keyMake, keyPem, serverIssue } from "../../lib/tls/issue.ts";
import { connectionTrouble } from "./connection-trouble.ts";
import { controlPlaneConnect, type CallOutcome } from "./control-plane.ts";

const authority = keyMake();
const ca = Uint8Array.from(authorityIssue(authority).raw);
const otherCa = Uint8Array.from(authorityIssue(keyMake()).raw);

function secrets(name: { type: "ip" | "dns"; value: string } = { type: "ip", value: "127.0.0.1" }): {
  key: string;
  cert: string;
} {
  const key = keyMake();
  return { key: keyPem(key), cert: serverIssue(key, [name], authority).toString() };
}

/** An HTTP/2 server, such as a proxy, that answers everything in the same way. */
function http2(status: number, type = "text/html", body = "<h1>Sign in</h1>"): Http2SecureServer {
  const server = createSecureServer(secrets());
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.respond({ ":status": status, "content-type": type });
    stream.end(body);
  });
  return server;
}

const tcp = (use: (socket: Socket) => void): Server =>
  createTcpServer((socket) => {
    socket.on("error", () => undefined);
    use(socket);
  });

/** What an agent's heartbeat to this server comes to. */
async function heartbeat(server: Server | Http2SecureServer, caCertificate = ca): Promise<CallOutcome<unknown>> {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => void open.add(socket));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const machineId = randomUUID();
  const init = create(AgentInitSchema, {
    takeoverInit: { machineId, bmaasEndpoint: `127.0.0.1:${port}`, caCertificate },
    privateKey: ed25519KeyPair().privateKey,
  });
  using plane = controlPlaneConnect(init, 2_000);
  const request = create(AgentHeartbeatRequestSchema, { machineId });
  const outcome = await plane.heartbeat(request, new AbortController().signal);
  open.forEach((socket) => socket.destroy());
  server.close();
  return outcome;
}

test.each<[string, () => Server | Http2SecureServer, RegExp, Uint8Array<ArrayBuffer>?]>([
  ["of another CA", () => http2(200), /certificate of 127\.0\.0\.1:\d+ is not from the CA in the init file/u, otherCa],
  [
    "of a private CA, with an init file that has none",
    () => http2(200),
    /not from a CA that this machine trusts/u,
    new Uint8Array(),
  ],
  [
    "with another name in its certificate",
    () => createSecureServer(secrets({ type: "dns", value: "other.test" })),
    /is for another name .*--server-name/u,
  ],
  ["of plain HTTP", () => createHttpServer((_request, answer) => void answer.end("x")), /does not speak TLS/u],
  ["of SSH", () => tcp((socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n")), /does not speak TLS/u],
  ["that closes at once", () => tcp((socket) => socket.destroy()), /closed the connection at once/u],
  ["that says nothing", () => tcp(() => undefined), /does not answer/u],
  [
    "of HTTP/1.1 over TLS",
    () =>
      createTlsServer(secrets(), (socket) =>
        socket.on("error", () => undefined).end("HTTP/1.1 400 Bad Request\r\n\r\n"),
      ),
    /does not speak HTTP\/2/u,
  ],
  ["that shows a page", () => http2(200), /is no control plane \(no gRPC\)/u],
  ["that wants a login", () => http2(401), /is no control plane \(HTTP status 401\)/u],
  ["that finds nothing", () => http2(404), /is no control plane \(HTTP status 404\)/u],
  ["that can't reach what is behind it", () => http2(502), /is no control plane \(HTTP status 502\)/u],
])("X11: a server %s is told as what it is, and ends no installation", async (_what, serve, words, caCertificate) => {
  const outcome = await heartbeat(serve(), caCertificate);
  expect(outcome).toEqual({ kind: "unavailable", message: expect.stringMatching(words) as unknown });
  expect(JSON.stringify(outcome)).not.toMatch(/Node\.js|SSL routines|Resolution note|use-system-ca/u);
});

test.each([
  ["connect ECONNREFUSED 10.0.0.1:8443", /^nothing listens on control\.test:8443/u],
  ["connect EHOSTUNREACH 10.0.0.1:8443", /can't be reached \(EHOSTUNREACH\): check route/u],
  ["certificate has expired", /has expired by this machine's clock, 1970-01-01T00:00:00\.000Z/u],
  ["certificate is not yet valid", /is not valid yet by this machine's clock/u],
  ["01:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:x.c:9", /no TLS version or cipher/u],
])("X11: %s, in our words", (text, words) => {
  const details = `No connection established. Last error: Error: ${text}. Resolution note: `;
  expect(connectionTrouble(details, { endpoint: "control.test:8443", ownCa: true }, new Date(0))).toMatch(words);
});

test("X11: an unknown name in our words; what a control plane says stays as it is", () => {
  const say = (text: string): string | undefined =>
    connectionTrouble(text, { endpoint: "control.test:8443", ownCa: true }, new Date(0));
  expect(say("Name resolution failed for target dns:control.test:8443")).toMatch(/has no address here/u);
  expect(say("not now: try again")).toBeUndefined();
  expect(say("the database refused: connect ECONNREFUSED 127.0.0.1:5432")).toBeUndefined();
});
