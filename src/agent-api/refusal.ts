import { status } from "@grpc/grpc-js";

/** A call's end without an answer: the status and what it says. */
export interface Refusal {
  code: status;
  details: string;
}

/**
 * The one answer to every caller who is not known: no certificate, a key of another kind, an unknown machine, a known
 * machine with another key.
 */
export const unauthenticated: Refusal = {
  code: status.UNAUTHENTICATED,
  details: "unauthenticated: no agent with this machine id and key is registered",
};

/** @param details which field, and what was expected of it */
export function invalid(details: string): Refusal {
  return { code: status.INVALID_ARGUMENT, details };
}

/** The agent tries again, with backoff; nothing was half-written. */
export const unavailable: Refusal = { code: status.UNAVAILABLE, details: "not now: try again" };
