import type { MachineId } from "../../database/ids.ts";
import type { Clock } from "../../lib/clock.ts";
import type { KnownMachines, Peer } from "../listener/peer.ts";

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
/**
 * Maximum number of machines remembered per connection: an agent has one, a gateway or a test has more. Calls of further machines are
 * looked up each time.
 */
const machinesLimit = 64;
/** Age in milliseconds at which a note is renewed. */
const refreshAfter = knownFor / 2;

/** Starts empty and calls `noted` for each note. Entries disappear with their connection. */
export function createKnownCallers(clock: Pick<Clock, "monotonic">, noted: (peer: Peer) => void): KnownCallers {
  return {
    has: (peer, machineId) => {
      const until = peer.known?.machines.get(machineId);
      return until !== undefined && clock.monotonic() < until;
    },
    any: (peer) => peer.known !== undefined && clock.monotonic() < peer.known.until,
    note: (peer, machineId) => {
      peer.admitted?.();
      noted(peer);
      const now = clock.monotonic();
      const until = now + knownFor;
      const known = (peer.known ??= { until, machines: new Map(), fullUntil: 0 });
      known.until = until;
      const { machines } = known;
      const there = machines.get(machineId);
      if (there === undefined ? now >= known.fullUntil : until - there >= refreshAfter) {
        noteAnew(known, machineId, until, now);
      }
    },
    forget: (peer, machineId) => {
      peer.known?.machines.delete(machineId);
      if (peer.known?.machines.size === 0) {
        delete peer.known;
        peer.disowned?.();
      }
    },
  };
}

function noteAnew(known: KnownMachines, machineId: MachineId, until: number, now: number): void {
  const { machines } = known;
  // A renewed entry moves to the end, so that the oldest is always first.
  machines.delete(machineId);
  const [[oldest, oldestUntil] = [machineId, now]] = machines;
  if (machines.size >= machinesLimit) {
    if (oldestUntil > now) {
      known.fullUntil = oldestUntil;
      return;
    }
    machines.delete(oldest);
  }
  machines.set(machineId, until);
}
