import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { MachineService } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { clientError } from "./client-error.ts";
import type { CliErrorCode } from "../errors.ts";

const facts = { url: "http://x", from: "/data/operator-token" };

test.each<[Code, CliErrorCode]>([
  [Code.InvalidArgument, "usage"],
  [Code.NotFound, "failed"],
  [Code.AlreadyExists, "failed"],
  [Code.FailedPrecondition, "failed"],
  [Code.ResourceExhausted, "failed"],
  [Code.Internal, "failed"],
  [Code.Unknown, "failed"],
  [Code.Unimplemented, "failed"],
  [Code.Unauthenticated, "unauthorised"],
  [Code.PermissionDenied, "unauthorised"],
  [Code.Unavailable, "unreachable"],
  [Code.DeadlineExceeded, "unreachable"],
  [Code.Aborted, "unreachable"],
])("Connect's code %i is %s", (code, expected) => {
  expect(clientError(new ConnectError("why", code), facts)).toMatchObject({ code: expected });
});

test.each(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ENOTFOUND", "ERR_STREAM_PREMATURE_CLOSE"])(
  "%s is unreachable, whatever Connect made of it",
  (system) => {
    const cause = Object.assign(new Error("socket"), { code: system });
    const error = clientError(new ConnectError("socket", Code.Internal, undefined, undefined, cause), facts);
    expect(error.code).toBe("unreachable");
    expect(error.message).toMatch(new RegExp(`^the control plane at http://x can't be reached \\(${system}\\): `, "u"));
  },
);

test.each([
  ["SELF_SIGNED_CERT_IN_CHAIN", /the certificate of http:\/\/x is not trusted .*--ca FILE/u],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", /the certificate of http:\/\/x is not trusted/u],
  ["CERT_HAS_EXPIRED", /the certificate of http:\/\/x is not trusted/u],
  ["ERR_TLS_CERT_ALTNAME_INVALID", /the certificate of http:\/\/x is not trusted/u],
  ["ERR_SSL_WRONG_VERSION_NUMBER", /does not speak TLS .*is it http/u],
])("%s is told as what it is, and what to do", (system, message) => {
  const cause = Object.assign(new Error("tls"), { code: system });
  const error = clientError(new ConnectError("tls", Code.Internal, undefined, undefined, cause), facts);
  expect([error.code, error.message]).toEqual(["unreachable", expect.stringMatching(message)]);
});

/** Servers that are no control plane, each on a port of its own. */
const strangers: [string, RequestListener | string, CliErrorCode, RegExp][] = [
  ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n", "failed", /what it sent is not HTTP/u],
  ["a web page", (_request, answer) => void answer.end("<h1>hello</h1>"), "failed", /without a content type/u],
  [
    "another program's JSON",
    (_request, answer) => void answer.writeHead(200, { "content-type": "application/vnd.x+json" }).end("{}"),
    "failed",
    /content type application\/vnd\.x\+json/u,
  ],
  [
    "a proxy without its server",
    (_request, answer) => void answer.writeHead(502).end("<h1>"),
    "unreachable",
    /status 502/u,
  ],
  ["a login page", (_request, answer) => void answer.writeHead(302, { location: "/" }).end(), "failed", /status 302/u],
  ["a wall", (_request, answer) => void answer.writeHead(403).end("no"), "failed", /status 403/u],
  ["a wrong path", (_request, answer) => void answer.writeHead(404).end("no"), "failed", /status 404/u],
];

test.each(strangers)("X11: %s at the operators' address is told in our words", async (_what, answers, code, words) => {
  const server =
    typeof answers === "string"
      ? createTcpServer((socket) => void socket.on("error", () => undefined).end(answers))
      : createHttpServer(answers);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const transport = createConnectTransport({ baseUrl: url, httpVersion: "1.1", useBinaryFormat: true });
  try {
    const failed: unknown = await createClient(MachineService, transport)
      .machineList({})
      .catch((error: unknown) => error);
    const error = clientError(failed, { url, from: "/data/operator-token" });
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(words)]);
    expect(error.message).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+ did not answer as a control plane does \(.*check --operators$/u,
    );
  } finally {
    server.close();
  }
});

test("a database that is away is told as the server says it", () => {
  const error = clientError(new ConnectError("the database can't be reached", Code.Unavailable), facts);
  expect([error.code, error.message]).toEqual(["unreachable", "the database can't be reached"]);
});

test("a refused token is told with the address, and where the token came from", () => {
  const { message } = clientError(new ConnectError("send authorization: Bearer", Code.Unauthenticated), facts);
  expect(message).toMatch(/^not authorised: http:\/\/x does not accept what \/data\/operator-token holds/u);
});

test("a wrong field is told as the flag, with its value", () => {
  const error = new ConnectError(
    "provider_id: too long; labels: expected keys; machine: expected",
    Code.InvalidArgument,
  );
  const input = { providerId: "x y", labels: { A: "b" }, machine: "no!" };
  expect(clientError(error, facts, input).message).toBe(
    '--provider-id "x y": too long; --label: expected keys; machine "no!": expected',
  );
});
