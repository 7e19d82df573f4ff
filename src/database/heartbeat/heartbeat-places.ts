import type { BatchEntry } from "./heartbeat-batch.ts";
import type { HeartbeatEntry } from "./heartbeat-entry.ts";
import type { MachineId } from "../ids.ts";

/** The caller, as far as its place in the queue depends on it. */
export interface HeartbeatCaller {
  /** Its connection, compared by identity. */
  connection: object;
  /** Whether the connection was authenticated within the last minute. */
  known: boolean;
  /** Registers `gone`, which is called when the call ends in any way. */
  whenEnded?: (gone: () => void) => void;
}

/** An entry that takes a place. */
export interface Placed {
  item: BatchEntry;
  /** Absent for entries of this process itself, which only the total limits. */
  caller?: HeartbeatCaller;
}

/** Counts the places of a queue, so that no caller takes more than its share. */
export interface HeartbeatPlaces<T extends Placed> {
  /** Whether there is a place for the entry. */
  free(waiting: T): boolean;
  enter(waiting: T): void;
  leave(waiting: T): void;
  count(): number;
}

/**
 * Maximum number of entries for one pair of machine and key (heartbeats and looks counted separately), and for one
 * unauthenticated connection.
 */
const perPair = 2;
const perUnknownConnection = 4;
/** The share of all places that unauthenticated callers may take. */
const unknownShare = 0.1;

/** Creates it with all places free. `maximumBytes` limits the bytes of all waiting reports. */
export function heartbeatPlaces<T extends Placed>(limits: {
  maximumWaiting: number;
  maximumBytes: number;
}): HeartbeatPlaces<T> {
  const unknownLimit = Math.max(1, limits.maximumWaiting * unknownShare);
  // Indexed by machine only: nearly always one entry names it, and a key made of machine and key would have to be built
  // for each entry.
  const byMachine = new Map<MachineId, T | T[]>();
  const unknownOf = new Map<object, number>();
  let count = 0;
  let bytes = 0;
  let unknown = 0;

  function pairsWith({ item }: T): number {
    const there = byMachine.get(item.entry.machineId);
    if (there === undefined) {
      return 0;
    }
    return (Array.isArray(there) ? there : [there]).filter(
      (other) => other.item.keyIdentity === item.keyIdentity && other.item.look === item.look,
    ).length;
  }

  return {
    free: (waiting) => {
      if (count >= limits.maximumWaiting || bytes + entryBytes(waiting.item.entry) > limits.maximumBytes) {
        return false;
      }
      const { caller } = waiting;
      return (
        caller === undefined ||
        (pairsWith(waiting) < perPair &&
          (caller.known || (unknown < unknownLimit && (unknownOf.get(caller.connection) ?? 0) < perUnknownConnection)))
      );
    },
    enter: (waiting) => {
      const { machineId } = waiting.item.entry;
      const there = byMachine.get(machineId);
      byMachine.set(machineId, there === undefined ? waiting : ([there, waiting].flat() as T[]));
      count += 1;
      bytes += entryBytes(waiting.item.entry);
      if (waiting.caller?.known === false) {
        unknown += 1;
        unknownOf.set(waiting.caller.connection, (unknownOf.get(waiting.caller.connection) ?? 0) + 1);
      }
    },
    leave: (waiting) => {
      const { machineId } = waiting.item.entry;
      const there = byMachine.get(machineId);
      const left = Array.isArray(there) ? there.filter((other) => other !== waiting) : [];
      if (left.length === 0) {
        byMachine.delete(machineId);
      } else {
        byMachine.set(machineId, left);
      }
      count -= 1;
      bytes -= entryBytes(waiting.item.entry);
      if (waiting.caller?.known === false) {
        unknown -= 1;
        const others = (unknownOf.get(waiting.caller.connection) ?? 1) - 1;
        if (others === 0) {
          unknownOf.delete(waiting.caller.connection);
        } else {
          unknownOf.set(waiting.caller.connection, others);
        }
      }
    },
    count: () => count,
  };
}

/** The size of an entry's reports in bytes. */
export function entryBytes({ hardware, report }: HeartbeatEntry): number {
  return (hardware?.raw.length ?? 0) + (report?.raw.length ?? 0);
}
