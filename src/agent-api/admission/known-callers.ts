import type { MachineId } from "../../database/ids.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Peer } from "../listener/peer.ts";

/** Which machines' agent each connection has lately been found to be. */
export interface KnownCallers {
  has(peer: Peer, machineId: MachineId): boolean;
  /** Whether the connection's caller is any machine's agent. */
  any(peer: Peer): boolean;
  /** The database has just said so. */
  note(peer: Peer, machineId: MachineId): void;
  /** The database has just said that it is not, or no longer. */
  forget(peer: Peer, machineId: MachineId): void;
}

/**
 * Milliseconds for which a connection's caller is taken for known. What it does meanwhile is authenticated again by the statement
 * that does it: this only spares it the lookup before its message is read.
 */
export const knownFor = 60_000;
/** Machines of one connection: an agent has one, a gateway or a test has more. */
const machinesLimit = 64;

/** Starts with nobody known; calls `noted` for each note. A connection that is gone is forgotten with its peer. */
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
