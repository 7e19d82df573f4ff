import { Code, ConnectError } from "@connectrpc/connect";
import { DatabaseError, translate, type DatabaseErrorCode } from "../database/errors.ts";
import { CodedError } from "../lib/errors.ts";

/** What listening for operators can end with. */
export type OperatorApiErrorCode =
  /** The address is one that other hosts reach. */
  | "not_loopback"
  /** The address can't be listened on. */
  | "address_unusable"
  /** A file of the data directory is not what it should be. */
  | "file_invalid";

/** An error of starting the operator API. */
export class OperatorApiError extends CodedError<OperatorApiErrorCode> {}

const codes: Record<DatabaseErrorCode, Code> = {
  unavailable: Code.Unavailable,
  locked: Code.Unavailable,
  session_lost: Code.Unavailable,
  schema: Code.Unavailable,
  not_found: Code.NotFound,
  exists: Code.AlreadyExists,
  refused: Code.FailedPrecondition,
  request_id_reused: Code.FailedPrecondition,
};

/**
 * What the caller is told of an error. Where nothing may be told, `internal` is set: the answer names `errorId` alone,
 * and the caller of this logs the chain of causes with it.
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
  const message = `internal error; see the server's log, id ${errorId}`;
  return { answer: new ConnectError(message, Code.Internal), internal: true };
}
