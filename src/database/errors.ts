import { CodedError, errorCode } from "../lib/errors.ts";

/** What the database layer throws. */
export type DatabaseErrorCode =
  /** PostgreSQL can't be reached, or went away. */
  | "unavailable"
  /** The session was gone or past its deadline when the transaction began. */
  | "session_lost"
  /** No such machine, work or request. */
  | "not_found"
  /** The state does not allow it: something is pending, taken, or no longer what the caller names. */
  | "refused"
  /** The value is taken by another row. */
  | "exists"
  /** The request id was used for another body. */
  | "request_id_reused"
  /** The schema is newer, older or other than this binary can work with. */
  | "schema";

/** An error that a caller can act on; anything else that a query throws is a bug or a fault of the server. */
export class DatabaseError extends CodedError<DatabaseErrorCode> {}

/** SQLSTATEs after which the same transaction may succeed: serialization_failure, deadlock_detected. */
const retryable = new Set(["40001", "40P01"]);

/** True when trying the transaction again is worth it. */
export function isRetryable(error: unknown): boolean {
  return retryable.has(errorCode(error) ?? "");
}

/** SQLSTATE classes and codes of a server that is away, going away or starting, and the system's codes for no connection. */
const unavailable =
  /^(?:08...|57P0[1235]|53300|25P03|ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN)$/u;

/** node-postgres says these without a code. */
const unavailableMessages =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after|Client was closed|Query read timeout)/u;

/** True when the database could not be reached or went away, so that nothing is known against the statement itself. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    return error.code === "unavailable";
  }
  return (
    unavailable.test(errorCode(error) ?? "") || (error instanceof Error && unavailableMessages.test(error.message))
  );
}

/** The same error, or one with the code `unavailable` where the database is away. */
export function translate(error: unknown): unknown {
  if (error instanceof DatabaseError || !isUnavailable(error)) {
    return error;
  }
  return new DatabaseError("unavailable", "the database can't be reached: try again once it is back", { cause: error });
}

/** The name of the constraint when the error is a unique_violation (23505). */
export function isUniqueViolation(error: unknown): string | undefined {
  if (errorCode(error) !== "23505") {
    return undefined;
  }
  const constraint = (error as { constraint?: unknown }).constraint;
  return typeof constraint === "string" ? constraint : "";
}
