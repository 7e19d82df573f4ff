// Explains the error codes of a failed connection from the system, OpenSSL and Node, in words for operators (the codes:
// https://nodejs.org/api/tls.html and errors.html).
import type { X509Certificate } from "node:crypto";
import type { FailureCause } from "../../../contract/failure-cause.ts";
import { describeError, errorCode } from "../../../lib/errors.ts";
import { CutShort } from "./http-body.ts";

/** What is known about a failed connection. */
export interface ConnectionFacts {
  url: URL;
  /** The server's certificate, if it presented one. */
  certificate?: X509Certificate | undefined;
  /** The request has its own CAs. */
  ownCas: boolean;
  /** The machine's clock. */
  now: Date;
  /** The agent's environment. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** Why a connection failed, as part of a sentence; `passing` means that it may succeed in a moment. */
export interface ConnectionFailure {
  text: string;
  passing: boolean;
  failure: FailureCause;
}

const unknownCa =
  /^(?:UNABLE_TO_GET_ISSUER_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE|INVALID_CA|PATH_LENGTH_EXCEEDED|INVALID_PURPOSE)/u;
const wrongTime = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);
const noTls = /^(?:ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|INVALID_ALERT)|EPROTO)/u;
const noCommonTls = /^ERR_SSL_.*(?:HANDSHAKE_FAILURE|PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_SHARED_CIPHER)/u;
const proxyVariables = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"];

/** Says why, with what to do about it. Pure. */
export function connectionFailure(cause: unknown, facts: ConnectionFacts): ConnectionFailure {
  const { url, environment } = facts;
  const code = errorCode(cause) ?? "";
  const host = url.hostname;
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  const proxy = proxyVariables.find((name) => (environment[name] ?? environment[name.toLowerCase()] ?? "") !== "");
  const proxyNote = proxy === undefined ? "" : `; ${proxy} is set, but the agent uses no proxies`;
  const failure = "image-unreachable";
  const passing = (text: string): ConnectionFailure => ({ text: `${text}${proxyNote}`, passing: true, failure });
  const final = (text: string): ConnectionFailure => ({ text, passing: false, failure });
  if (cause instanceof CutShort) {
    return { text: "the connection was closed", passing: true, failure };
  }
  switch (code) {
    case "ECONNREFUSED":
      return passing(
        `nothing listens on ${host} port ${port} (ECONNREFUSED): check that the server runs, and its port`,
      );
    case "ECONNRESET":
    case "ECONNABORTED":
    case "EPIPE":
      return passing(`the server broke the connection (${code})`);
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ENETDOWN":
      return passing(`${host} can't be reached from the machine (${code}): check route, firewall and address`);
    case "EAI_AGAIN":
      return passing(`the machine's name server does not answer for "${host}" (EAI_AGAIN)`);
    case "ENOTFOUND":
      return final(
        `the machine's name server does not know the name "${host}" (ENOTFOUND): check its spelling, and the machine's DNS${proxyNote}`,
      );
  }
  return certificateFailure(code, cause, facts) ?? final(describeError(cause));
}

function certificateFailure(code: string, cause: unknown, facts: ConnectionFacts): ConnectionFailure | undefined {
  const { url, certificate, ownCas, now } = facts;
  const final = (text: string): ConnectionFailure => ({ text, passing: false, failure: "image-certificate" });
  if (unknownCa.test(code)) {
    const issuer = certificate === undefined ? "" : ` (issued by ${oneLine(certificate.issuer)})`;
    const where = ownCas ? "neither public nor among those of --image-ca" : "unknown to the machine";
    return final(
      `the CA of the server's certificate${issuer} is ${where} (${code}): give that CA's certificate with --image-ca FILE`,
    );
  }
  if (wrongTime.has(code)) {
    const times =
      certificate === undefined
        ? ""
        : `, which is valid from ${certificate.validFromDate.toISOString()} to ${certificate.validToDate.toISOString()}`;
    return final(
      `the validity of the server's certificate${times}, or of its CA's, ${code === "CERT_HAS_EXPIRED" ? "is over" : "has not begun"} by the machine's clock, ` +
        `which says ${now.toISOString()} (${code}): renew the certificate, or set the clock`,
    );
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const names = (certificate?.subjectAltName ?? "no name").slice(0, 300);
    return final(
      `the server's certificate is for ${names}, and not for ${url.hostname}: use a name from the certificate, or another certificate`,
    );
  }
  if (noTls.test(code)) {
    return final(`the server at ${url.host} does not speak TLS (${code}): check the port, or use http`);
  }
  if (code.startsWith("ERR_SSL_") && code.includes("CERTIFICATE_REQUIRED")) {
    return final(`the server wants a client certificate, and the agent has none for it (${code})`);
  }
  if (noCommonTls.test(code)) {
    return final(
      `server and agent have no TLS version or cipher in common (${code}): the agent speaks TLS 1.2 and 1.3`,
    );
  }
  return code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")
    ? final(`TLS failed (${code})`)
    : code.includes("CERT")
      ? final(`the server's certificate is not trusted (${code}): ${describeError(cause)}`)
      : undefined;
}

function oneLine(name: string): string {
  return name.replaceAll("\n", ", ").slice(0, 200);
}
