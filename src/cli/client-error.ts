import { Code, ConnectError } from "@connectrpc/connect";
import { errorCode } from "../lib/errors.ts";
import { CliError, type CliErrorCode } from "./errors.ts";

/** Codes of the system, and of Node's streams, for a connection that could not be made or broke. */
const connectionCodes = /^(?:ECONN|EHOST|ENET|ENOTFOUND|ETIMEDOUT|EAI_|EPIPE|ERR_STREAM_|ERR_SOCKET_)/u;

/** What a failed call means for the command. */
export function clientError(error: unknown, url: string): CliError {
  const connect = ConnectError.from(error);
  const code = cliCode(connect.code);
  const system = errorCode(connect.cause) ?? "";
  if (connectionCodes.test(system) || connect.code === Code.Aborted) {
    const why = system === "" ? connect.rawMessage : system;
    const message = `the control plane at ${url} can't be reached (${why}): start it with \`farrier up\`, or name another with --operators URL`;
    return new CliError("unreachable", message, { cause: error });
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
  return new CliError(code, connect.rawMessage, { cause: error });
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
