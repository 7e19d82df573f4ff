import { Code, ConnectError } from "@connectrpc/connect";
import { DatabaseError, translate, type DatabaseErrorCode } from "../database/errors.ts";
import { CodedError } from "../lib/errors.ts";
import { SecretsError } from "../secrets/errors.ts";

/** Why the operator API could not start. */
export type OperatorApiErrorCode =
  /** The address is reachable from other hosts, and there is no TLS. */
  | "not_loopback"
  /** The address can't be listened on. */
  | "address_unusable"
  /** A file of the data directory is not what it should be. */
  | "file_invalid";

/** An error of starting the operator API. */
export class OperatorApiError extends CodedError<OperatorApiErrorCode> {}

const codes: Record<DatabaseErrorCode, Code> = {
  unavailable: Code.Unavailable,
  busy: Code.Unavailable,
  session_lost: Code.Unavailable,
  schema: Code.Unavailable,
  not_found: Code.NotFound,
  exists: Code.AlreadyExists,
  refused: Code.FailedPrecondition,
  request_id_reused: Code.FailedPrecondition,
};

/**
 * Translates an error for the caller. If its cause must not be revealed, `internal` is set and the answer only names
 * `errorId`; the caller of this function logs the chain of causes with that id.
 */
export function operatorError(error: unknown, errorId: string): { answer: ConnectError; internal: boolean } {
  if (error instanceof ConnectError) {
    return { answer: error, internal: error.code === Code.Internal || error.code === Code.Unknown };
  }
  const translated = translate(error);
  if (translated instanceof DatabaseError) {
    return {
      answer: new ConnectError(translated.message, codes[translated.code]),
      internal: false,
    };
  }
  if (translated instanceof SecretsError) {
    return { answer: new ConnectError(translated.message, Code.FailedPrecondition), internal: false };
  }
  const message = `internal error; see the server's log, id ${errorId}`;
  return { answer: new ConnectError(message, Code.Internal), internal: true };
}
