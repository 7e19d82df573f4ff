import { Code, ConnectError } from "@connectrpc/connect";

/** A failed call or a fault of the console, for people. */
export interface Failure {
  /** Connect's name of the code, such as "not_found"; "fault" for a fault of the console itself. */
  code: FailureCode;
  /** What the server says: what was wrong, what was expected, what to do. */
  message: string;
  /** The id by which the server's log has it; absent if there is none. */
  id?: string;
}

/** The codes that pages tell apart. */
export type FailureCode =
  | "away"
  | "unauthenticated"
  | "permission_denied"
  | "not_found"
  | "invalid_argument"
  | "failed_precondition"
  | "already_exists"
  | "resource_exhausted"
  | "cancelled"
  | "internal"
  | "fault";

const codes: Partial<Record<Code, FailureCode>> = {
  [Code.Unavailable]: "away",
  [Code.DeadlineExceeded]: "away",
  [Code.Unauthenticated]: "unauthenticated",
  [Code.PermissionDenied]: "permission_denied",
  [Code.NotFound]: "not_found",
  [Code.InvalidArgument]: "invalid_argument",
  [Code.FailedPrecondition]: "failed_precondition",
  [Code.AlreadyExists]: "already_exists",
  [Code.ResourceExhausted]: "resource_exhausted",
  [Code.Canceled]: "cancelled",
  [Code.Aborted]: "away",
};

/** The one way from anything that was thrown to what is shown of it. */
export function callFailure(error: unknown): Failure {
  if (!(error instanceof ConnectError)) {
    return error instanceof TypeError && /fetch|network/iu.test(error.message)
      ? { code: "away", message: "the server cannot be reached" }
      : { code: "fault", message: error instanceof Error ? error.message : String(error) };
  }
  // What fetch throws while nothing answers comes as "unknown", with fetch's own words, which differ by browser.
  if (error.code === Code.Unknown && error.cause instanceof TypeError) {
    return { code: "away", message: "the server cannot be reached" };
  }
  if (error.code === Code.Unauthenticated && error.rawMessage.startsWith("not authorised: send")) {
    // The server's words are for those who send a token themselves.
    return { code: "unauthenticated", message: "you are signed out: sign in, then try again" };
  }
  const id = /, id (?<id>[0-9a-f]{8})$/u.exec(error.rawMessage)?.groups?.["id"];
  return {
    code: codes[error.code] ?? "internal",
    message: error.rawMessage === "" ? `the server answered ${Code[error.code]}` : error.rawMessage,
    ...(id === undefined ? {} : { id }),
  };
}

/** Whether the same call may succeed soon. */
export function isWorthRetrying(error: unknown): boolean {
  return callFailure(error).code === "away";
}
