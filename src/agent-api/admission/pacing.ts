const heartbeat = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";
const service = "/farrier.agent.v1.AgentService";

/**
 * What callers may cost. Times are milliseconds of the one thread that serves all; a heartbeat takes about 0.04 of them on the
 * machine that docs/performance.md speaks of.
 */
export const pacing = {
  /** Of one key: an agent needs a thousandth of it. */
  key: { perSecond: 200, burst: 2_000 },
  /** Of all callers together that are no agents yet: a fleet that comes back after the server's restart is among them. */
  strangers: { perSecond: 150, burst: 1_000 },
  /** A key that was an agent's counts as one for this long, also on a new connection. */
  knownFor: 3_600_000,
  keysRemembered: 50_000,
  /** Calls of one method under way on one connection: one, and the next before the first's end. */
  perConnectionAndMethod: 2,
  /** Calls under way of one key, on all its connections: those that take a connection to the database. */
  perKeyAndMethod: {
    [`${service}/ReportProgress`]: 2,
    [`${service}/ReportLog`]: 2,
    [`${service}/Enroll`]: 2,
  } as Partial<Record<string, number>>,
  /**
   * Calls that wait on one connection: as many as it may open. A refusal would cost as much as an answer and be asked again at
   * once, and a call that waits costs nothing but its stream, 19 KB. Of one key; of all that are no agents.
   */
  connectionLine: 256,
  keyLine: 1_000,
  strangersLine: 4_000,
  /** Where the strangers' line is full, a connection that has more than this in it is closed, and others are refused. */
  strangerShare: 4,
  /** Milliseconds between looks at who may go on. */
  tick: 20,
  /** A connection is closed on which this many calls were refused or given up within so many milliseconds. */
  wastedCalls: 1_000,
  wastedWithin: 10_000,
  /** Milliseconds that a byte of a message costs: ten for 1 MiB. */
  perByte: 1e-5,
} as const;

const costs: Partial<Record<string, number>> = {
  [heartbeat]: 0.1,
  [`${service}/ReportProgress`]: 1,
  [`${service}/ReportLog`]: 1,
  [`${service}/Watch`]: 1,
  [`${service}/Enroll`]: 1,
};

/** Milliseconds that a call of that method costs, its message aside. */
export function callCost(path: string): number {
  return costs[path] ?? 0.1;
}
