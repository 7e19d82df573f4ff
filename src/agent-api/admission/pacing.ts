const heartbeat = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";
const service = "/farrier.agent.v1.AgentService";

/**
 * What callers may cost, in milliseconds of the single thread that serves all. A heartbeat takes about 0.04 ms on the
 * machine of docs/performance.md.
 */
export const pacing = {
  /** Per key: an agent needs a hundredth of this. On a busy machine a call costs several times its flat rate. */
  key: { perSecond: 50, burst: 400 },
  /** For all unauthenticated callers together, including a fleet that reconnects after the server's restart. */
  strangers: { perSecond: 150, burst: 1_000 },
  /** A key that was an agent's counts as one for this long, even on a new connection. */
  knownFor: 3_600_000,
  keysRemembered: 50_000,
  /** Concurrent calls of one method on one connection: one, and the next one before the first has ended. */
  perConnectionAndMethod: 2,
  /** Concurrent calls of one key on all its connections. */
  perKeyAndMethod: {
    [heartbeat]: 8,
    // These methods take a database connection.
    [`${service}/ReportProgress`]: 2,
    [`${service}/ReportLog`]: 2,
    [`${service}/Enroll`]: 2,
  } as Partial<Record<string, number>>,
  /**
   * Calls that may wait: per connection, per key, and for all unauthenticated callers. A refusal would cost as much as
   * an answer and be retried at once, whereas a waiting call only holds its stream (19 KB).
   */
  connectionLine: 64,
  keyLine: 256,
  strangersLine: 4_000,
  /** If a line is full, a connection with more calls in it than this is closed; calls of others are refused. */
  connectionShare: 4,
  /** Milliseconds between two looks at which calls may start. */
  tick: 20,
  /** A connection is closed after `wastedCalls` refused or abandoned calls within `wastedWithin` milliseconds. */
  wastedCalls: 1_000,
  wastedWithin: 10_000,
  /** Milliseconds charged per byte of a message: ten for 1 MiB. */
  perByte: 1e-5,
} as const;

const costs: Partial<Record<string, number>> = {
  [heartbeat]: 0.1,
  [`${service}/ReportProgress`]: 1,
  [`${service}/ReportLog`]: 1,
  [`${service}/Watch`]: 1,
  [`${service}/Enroll`]: 1,
};

/** Milliseconds charged for a call of that method, besides its message. */
export function callCost(path: string): number {
  return costs[path] ?? 0.1;
}
