import type { DatabaseAddress } from "../address/database-address.ts";
import { connect, type Database } from "../connect.ts";
import type { Logger } from "../../lib/log.ts";

/** The purposes of a process' connections. Each has a pool of its own, so that none can use up another's. */
export type PoolPurpose =
  | "session"
  | "janitor"
  | "webhooks"
  | "operators"
  | "audit"
  | "agent-calls"
  | "shepherd"
  | "netboot"
  | "came-up";

/**
 * Maximum number of connections for a purpose, and of calls that may wait for them. In addition a server has three for
 * heartbeats, one for lookups of callers and two that listen: 27 in total, and 29 if it listens for reports of
 * installed systems. They are opened on demand, and closed after
 * ten idle seconds.
 */
const limits: Record<PoolPurpose, { connections: number; maximumWaiting?: number }> = {
  // One for a poke, and one for the next poke if the first hangs.
  session: { connections: 2 },
  janitor: { connections: 3 },
  // A slow receiver holds none: what is sent waits without a connection.
  webhooks: { connections: 3 },
  // Each operator's calls are limited before they come here (operator-api/caller/call-places.ts).
  operators: { connections: 8, maximumWaiting: 1_000 },
  // One short statement per command; a refused command's entry must not wait behind other commands.
  audit: { connections: 2, maximumWaiting: 1_000 },
  // Agents' calls other than heartbeats: anybody with a network cable can make many of them. A call takes about a
  // millisecond, so 200 waiting calls are done long before a call's deadline.
  "agent-calls": { connections: 3, maximumWaiting: 200 },
  shepherd: { connections: 6 },
  // Bounded by the connections of its listener.
  netboot: { connections: 3 },
  // Bounded by its listener too.
  "came-up": { connections: 2, maximumWaiting: 64 },
};

/** Opens the pool for one purpose; its connections show the purpose as `application_name`. */
export function poolFor(
  purpose: PoolPurpose,
  address: DatabaseAddress,
  options: { log: Logger; failed?: (code: string) => void },
): Database {
  return connect(address, { ...options, ...limits[purpose], applicationName: `farrier ${purpose}` });
}
