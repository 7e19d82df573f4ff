import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
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
