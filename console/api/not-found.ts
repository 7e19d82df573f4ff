import { callFailure } from "./failure.ts";

/** Whether a call failed because there is no such thing. */
export function isNotFound(error: unknown): boolean {
  return error !== null && error !== undefined && callFailure(error).code === "not_found";
}

/** Leaves it to the page to say that there is no such thing. @throws any other error */
export function notFoundLeave(error: unknown): void {
  if (!isNotFound(error)) {
    throw error;
  }
}
