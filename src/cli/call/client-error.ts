import { Code, ConnectError } from "@connectrpc/connect";
import { errorCode } from "../../lib/errors.ts";
import { CliError, type CliErrorCode } from "../errors.ts";
import { flagsNamed } from "./flags-named.ts";

/** Error codes of the system and of Node's streams for a connection that could not be made, or that broke. */
const connectionCodes = /^(?:ECONN|EHOST|ENET|ENOTFOUND|ETIMEDOUT|EAI_|EPIPE|ERR_STREAM_|ERR_SOCKET_)/u;

/**
 * Error codes of OpenSSL and Node for a certificate that is not accepted
 * (https://nodejs.org/api/tls.html#x509-certificate-error-codes).
 */
const certificateCodes =
  /^(?:CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|PATH_LENGTH_|HOSTNAME_MISMATCH|ERR_TLS_CERT_)/u;
/** Error codes for a port that does not speak TLS. */
const noTlsCodes = /^(?:EPROTO|ERR_SSL_)/u;

/** What messages about a failed call name. */
export interface CallFacts {
  url: string;
  /** Where the token or the certificate came from. */
  from: string;
  /** The flags of the command, as they are typed: errors name no others. Absent: all. */
  flags?: readonly string[];
}

/** True if a call may have been carried out although no answer came: it reached a server, or may have. Pure. */
export function answerLost(error: unknown): boolean {
  const { code, cause } = ConnectError.from(error);
  const system = errorCode(cause) ?? "";
  return code === Code.DeadlineExceeded || /^(?:ECONNRESET|EPIPE|ETIMEDOUT|ERR_STREAM_|ERR_SOCKET_)/u.test(system);
}

/**
 * Translates a failed call into the command's error. `input` is the message that was sent; its wrong values are quoted.
 */
export function clientError(error: unknown, { url, from, flags }: CallFacts, input?: object): CliError {
  const connect = ConnectError.from(error);
  const code = cliCode(connect.code);
  const system = errorCode(connect.cause) ?? "";
  if (certificateCodes.test(system)) {
    const message = `the certificate of ${url} is not trusted (${system}): ${certificateWords(system)}`;
    return new CliError("unreachable", message, { cause: error });
  }
  if (noTlsCodes.test(system)) {
    const message = `${url} does not speak TLS as this command does (${system}): is it http, or another program's port?`;
    return new CliError("unreachable", message, { cause: error });
  }
  if (connectionCodes.test(system) || connect.code === Code.Aborted) {
    const why = system === "" ? connect.rawMessage : system;
    const message = `the control plane at ${url} can't be reached (${why}): start it with \`farrier up\`, or name another with --operators URL`;
    return new CliError("unreachable", message, { cause: error });
  }
  const foreign = foreignAnswer(system, connect);
  if (foreign !== undefined) {
    const message = `${url} did not answer as a control plane does (${foreign.why}): another program, or a proxy in between, answered; check --operators`;
    return new CliError(foreign.passing ? "unreachable" : "failed", message, { cause: error });
  }
  if (connect.code === Code.DeadlineExceeded) {
    return new CliError("unreachable", `the control plane at ${url} did not answer in time: try again`, {
      cause: error,
    });
  }
  if (connect.code === Code.Unimplemented || connect.code === Code.Unknown) {
    const message = `${url} did not answer as a farrier of this version does (${connect.rawMessage}): check --operators`;
    return new CliError("failed", message, { cause: error });
  }
  if (connect.code === Code.Unauthenticated) {
    const message = `not authorised: ${url} does not accept what ${from} holds: it may belong to another control plane, or be revoked or expired`;
    return new CliError("unauthorised", message, { cause: error });
  }
  return new CliError(code, flagsNamed(connect.rawMessage, input, flags), { cause: error });
}

/**
 * Recognises an answer that no control plane gives: bytes that are not HTTP, or HTTP without the protocol's message. The
 * client library describes it in its own words. `passing` is true for a proxy that can't reach the server behind it.
 */
function foreignAnswer(system: string, { rawMessage }: ConnectError): { why: string; passing: boolean } | undefined {
  if (system.startsWith("HPE_")) {
    return { why: "what it sent is not HTTP", passing: false };
  }
  const status = /^HTTP (?<status>\d{3})$/u.exec(rawMessage)?.groups?.["status"];
  if (status !== undefined && status !== "401") {
    return { why: `HTTP status ${status}`, passing: /^50[234]$/u.test(status) };
  }
  const type = /^unsupported content type (?<type>.+)$/u.exec(rawMessage)?.groups?.["type"];
  if (type !== undefined) {
    return { why: type === "null" ? "an answer without a content type" : `content type ${type}`, passing: false };
  }
  return undefined;
}

/** Says what is wrong with a certificate, from OpenSSL's and Node's codes, and what to do. */
function certificateWords(system: string): string {
  if (system === "CERT_HAS_EXPIRED" || system === "CERT_NOT_YET_VALID") {
    const which = system === "CERT_HAS_EXPIRED" ? "is over" : "has not begun";
    return `its validity ${which} by this host's clock, ${new Date().toISOString()}: renew it, or set the clock`;
  }
  if (system === "ERR_TLS_CERT_ALTNAME_INVALID" || system === "HOSTNAME_MISMATCH") {
    return `it is for another name than the URL's: use a name from the certificate, or issue one for this name`;
  }
  return `this host does not trust its CA: make a context with that CA (--ca FILE): \`farrier context add --help\` says how`;
}

function cliCode(code: Code): CliErrorCode {
  switch (code) {
    case Code.Unavailable:
    case Code.DeadlineExceeded:
    case Code.Aborted:
      return "unreachable";
    case Code.Unauthenticated:
    case Code.PermissionDenied:
      return "unauthorised";
    case Code.InvalidArgument:
      return "usage";
    default:
      return "failed";
  }
}
