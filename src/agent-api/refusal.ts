import { Metadata, status } from "@grpc/grpc-js";

/** A call's end without an answer: the status and what it says. */
export interface Refusal {
  code: status;
  details: string;
  metadata?: Metadata;
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

/** Milliseconds within which callers that are too many are asked to come back. */
const overloadSpread = { from: 2_000, to: 20_000 } as const;

/**
 * Too many at once: the same, with a hint when to try again, another one for each caller
 * (grpc-retry-pushback-ms, gRPC proposal A6).
 */
export function overloaded(random: () => number = Math.random): Refusal {
  const metadata = new Metadata();
  const pushback = overloadSpread.from + random() * (overloadSpread.to - overloadSpread.from);
  metadata.set("grpc-retry-pushback-ms", String(Math.round(pushback)));
  return { ...unavailable, metadata };
}
