import type { DatabaseAddress } from "../address/database-address.ts";
import { connect, type Database } from "../connect.ts";
import type { Logger } from "../../lib/log.ts";

/** What a process's connections are for. Each kind has a pool of its own, so that no kind can use up another's. */
export type PoolPurpose = "session" | "janitor" | "operators" | "agent-calls" | "shepherd" | "netboot";

/**
 * Connections of a kind at most, and calls that may wait for them. Beside these a server has three for heartbeats, one for lookups of callers and two
 * that listen: 22 in all. They are opened when they are needed, and closed after ten seconds of rest.
 */
const limits: Record<PoolPurpose, { connections: number; maximumWaiting?: number }> = {
  // A poke and, should it hang, the next one.
  session: { connections: 2 },
  janitor: { connections: 3 },
  operators: { connections: 8 },
  // What agents call beside heartbeats: anybody with a network cable can make many of them. A call takes about a
  // millisecond, so that 200 waiting ones are through long before a call's deadline.
  "agent-calls": { connections: 3, maximumWaiting: 200 },
  shepherd: { connections: 6 },
  // Bounded by its listener's connections.
  netboot: { connections: 3 },
};

/** Opens the pool of one kind; its connections show their kind as `application_name`. */
export function poolFor(
  purpose: PoolPurpose,
  address: DatabaseAddress,
  options: { log: Logger; failed?: (code: string) => void },
): Database {
  return connect(address, { ...options, ...limits[purpose], applicationName: `farrier ${purpose}` });
}
