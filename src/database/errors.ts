import { CodedError, errorCode } from "../lib/errors.ts";
import { databaseTrouble } from "./connection/database-trouble.ts";
import { holderOf, lockedText } from "./connection/lock-held.ts";

/** The kinds of errors of the database layer. */
export type DatabaseErrorCode =
  /** PostgreSQL is unreachable, or the connection broke. */
  | "unavailable"
  /** The session was gone or past its deadline when the transaction began. */
  | "session_lost"
  /** No such machine, work or request. */
  | "not_found"
  /** The state does not allow it: something is pending or taken, or differs from what the caller expects. */
  | "refused"
  /** Another row has the value already. */
  | "exists"
  /** The request id was used with another body. */
  | "request_id_reused"
  /** Another transaction holds the lock for longer than the lock timeout; the message names it if it is known. */
  | "busy"
  /** The schema is newer, older or different from what this binary can work with. */
  | "schema";

/** An error that a caller can act on. Any other error of a query is a bug or a fault of the server. */
export class DatabaseError extends CodedError<DatabaseErrorCode> {}

/** SQLSTATEs after which the same transaction may succeed: serialization_failure, deadlock_detected. */
const retryable = new Set(["40001", "40P01"]);

/** True if retrying the transaction may succeed. */
export function isRetryable(error: unknown): boolean {
  return retryable.has(errorCode(error) ?? "");
}

/** SQLSTATE of lock_not_available: the lock was not available within lock_timeout, and the transaction did nothing. */
export const lockNotAvailable = "55P03";

/** SQLSTATE of a write on a read-only server: read_only_sql_transaction. */
const readOnly = "25006";

/** The error text for a database that answers but accepts no writes. */
export const readOnlyText =
  "the database accepts no writes: it is a standby, as after a failover, or was set read-only. Promote it, or name the " +
  "primary with --database-url (several hosts, separated by commas, find it by themselves)";

/**
 * SQLSTATE classes and codes of a server that is down, shutting down or starting, and the system's error codes for a
 * failed connection.
 */
const unavailable =
  /^(?:08...|57P0[1235]|25P03|25006|ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/u;

/** node-postgres throws these messages without a code. */
const unavailableMessages =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after|Client was closed|Query read timeout)/u;

/** True if the database was unreachable or refused everything, so that the error says nothing about the statement itself. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    return error.code === "unavailable";
  }
  return (
    unavailable.test(errorCode(error) ?? "") ||
    databaseTrouble(error)?.code === "unavailable" ||
    (error instanceof Error && unavailableMessages.test(error.message))
  );
}

/** True if the database answers but accepts no writes. */
export function isReadOnly(error: unknown): boolean {
  return errorCode(error) === readOnly || (error instanceof Error && error.message === readOnlyText);
}

/** Returns the same error, or one with the code `unavailable` or `busy` if it means that. */
export function translate(error: unknown): unknown {
  if (errorCode(error) === lockNotAvailable) {
    return new DatabaseError("busy", lockedText(holderOf(error)), { cause: error });
  }
  if (error instanceof DatabaseError) {
    return error;
  }
  const trouble = databaseTrouble(error);
  if (trouble !== undefined) {
    return new DatabaseError(trouble.code, trouble.text, { cause: error });
  }
  if (!isUnavailable(error)) {
    return error;
  }
  if (isReadOnly(error)) {
    return new DatabaseError("unavailable", readOnlyText, { cause: error });
  }
  return new DatabaseError("unavailable", "the database can't be reached: try again once it is back", { cause: error });
}

/** The name of the constraint if the error is a unique_violation (23505). */
export function isUniqueViolation(error: unknown): string | undefined {
  if (errorCode(error) !== "23505") {
    return undefined;
  }
  const constraint = (error as { constraint?: unknown }).constraint;
  return typeof constraint === "string" ? constraint : "";
}
