import type { MachineId } from "../../database/ids.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Peer } from "../listener/peer.ts";

/** Remembers as which machines' agent each connection was recently authenticated. */
export interface KnownCallers {
  has(peer: Peer, machineId: MachineId): boolean;
  /** True if the connection was authenticated as any machine's agent. */
  any(peer: Peer): boolean;
  /** The database has just authenticated the connection. */
  note(peer: Peer, machineId: MachineId): void;
  /** The database has just refused the connection. */
  forget(peer: Peer, machineId: MachineId): void;
}

/**
 * Milliseconds for which a connection counts as authenticated. Every statement authenticates again; this only spares
 * the lookup before a message is read.
 */
export const knownFor = 60_000;
/** Maximum number of machines remembered per connection: an agent has one, a gateway or a test has more. */
const machinesLimit = 64;

/** Starts empty and calls `noted` for each note. Entries disappear with their connection. */
export function createKnownCallers(clock: Pick<Clock, "monotonic">, noted: (peer: Peer) => void): KnownCallers {
  const known = new WeakMap<Peer, { until: number; machines: Map<MachineId, number> }>();
  return {
    has: (peer, machineId) => {
      const until = known.get(peer)?.machines.get(machineId);
      return until !== undefined && clock.monotonic() < until;
    },
    any: (peer) => {
      const until = known.get(peer)?.until;
      return until !== undefined && clock.monotonic() < until;
    },
    note: (peer, machineId) => {
      peer.admitted?.();
      const until = clock.monotonic() + knownFor;
      let connection = known.get(peer);
      if (connection === undefined) {
        connection = { until, machines: new Map() };
        known.set(peer, connection);
      }
      connection.until = until;
      noted(peer);
      const { machines } = connection;
      if (machines.size >= machinesLimit && !machines.has(machineId)) {
        const [oldest] = machines.keys();
        machines.delete(oldest ?? machineId);
      }
      machines.set(machineId, until);
    },
    forget: (peer, machineId) => {
      const connection = known.get(peer);
      connection?.machines.delete(machineId);
      if (connection?.machines.size === 0) {
        known.delete(peer);
      }
    },
  };
}
