import { CodedError, errorCode } from "../lib/errors.ts";
import { holderOf, lockedText } from "./connection/lock-held.ts";

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
  /** Somebody holds the lock for longer than it is waited for; the message says who, where that is known. */
  | "locked"
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

/** SQLSTATE of lock_not_available: the lock was not to be had within lock_timeout, and the transaction did nothing. */
export const lockNotAvailable = "55P03";

/** SQLSTATE of a write where none is taken: read_only_sql_transaction. */
const readOnly = "25006";

/** What is said of a database that answers and takes no writes. */
export const readOnlyText =
  "the database takes no writes: it is a standby, as after a failover, or was set read-only. Promote it, or name the " +
  "primary with --database-url (several hosts, separated by commas, find it by themselves)";

/** SQLSTATE classes and codes of a server that is away, going away or starting, and the system's codes for no connection. */
const unavailable =
  /^(?:08...|57P0[1235]|53300|25P03|25006|ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/u;

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

/** True when the database answers and takes no writes. */
export function isReadOnly(error: unknown): boolean {
  return errorCode(error) === readOnly || (error instanceof Error && error.message === readOnlyText);
}

/** The same error, or one with the code `unavailable` where the database is away, or `locked`. */
export function translate(error: unknown): unknown {
  if (errorCode(error) === lockNotAvailable) {
    return new DatabaseError("locked", lockedText(holderOf(error)), { cause: error });
  }
  if (error instanceof DatabaseError || !isUnavailable(error)) {
    return error;
  }
  if (isReadOnly(error)) {
    return new DatabaseError("unavailable", readOnlyText, { cause: error });
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
