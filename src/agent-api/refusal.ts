import { Metadata, status } from "@grpc/grpc-js";

/** The end of a call without an answer: the status and its details. */
export interface Refusal {
  code: status;
  details: string;
  metadata?: Metadata;
}

/**
 * The one answer to every unauthenticated caller: no certificate, a key of another type, an unknown machine, or a known
 * machine with another key.
 */
export const unauthenticated: Refusal = {
  code: status.UNAUTHENTICATED,
  details: "unauthenticated: no agent with this machine id and key is registered",
};

/** @param details the field and what was expected of it */
export function invalid(details: string): Refusal {
  return { code: status.INVALID_ARGUMENT, details };
}

/** A thousand bytes can unpack to a megabyte, so nothing is unpacked for an unauthenticated caller. */
export const compressed: Refusal = {
  code: status.UNIMPLEMENTED,
  details: "compressed messages are not read before the caller is known: send this one with grpc-encoding identity",
};

/** The agent retries with backoff; nothing was half-written. */
export const unavailable: Refusal = { code: status.UNAVAILABLE, details: "not now: try again" };

/**
 * Another run installs this generation: the caller must not write before that run has ended.
 * @param retryAfter milliseconds after which to ask again
 */
export function otherWriter(retryAfter: number): Refusal {
  return {
    code: status.UNAVAILABLE,
    details: "another run of this machine's agent is installing this generation: write nothing, and ask again later",
    metadata: pushback(retryAfter),
  };
}

function pushback(milliseconds: number): Metadata {
  const metadata = new Metadata();
  metadata.set("grpc-retry-pushback-ms", String(Math.round(milliseconds)));
  return metadata;
}

/** Milliseconds over which the retries of too many callers are spread. */
const overloadSpread = { from: 2_000, to: 20_000 } as const;

/**
 * Too many calls at once: like `unavailable`, with a random time to retry for each caller (grpc-retry-pushback-ms, gRPC
 * proposal A6).
 */
export function overloaded(random: () => number = Math.random): Refusal {
  const spread = overloadSpread.to - overloadSpread.from;
  return { ...unavailable, metadata: pushback(overloadSpread.from + random() * spread) };
}
