import { batchKind, batchKinds, type BatchEntry, type BatchKind } from "./heartbeat-batch.ts";
import type { HeartbeatOutcome } from "./heartbeat-entry.ts";
import { entryBytes, heartbeatPlaces, type Placed } from "./heartbeat-places.ts";

/** An entry, with the callback that waits for its result. */
export interface Waiting extends Placed {
  item: BatchEntry;
  resolve: (outcome: HeartbeatOutcome) => void;
  /**
   * Set by an earlier step towards handing out a request: the report was about a generation that was never requested.
   */
  unasked: boolean;
  /** Whether the entry has a place: false once a batch has taken it, or its call has ended. */
  waits?: boolean;
}

export interface HeartbeatQueue {
  /** Returns false if too many entries wait, in total or of this caller. */
  offer(waiting: Waiting): boolean;
  /**
   * The call has ended: removes its entry. Returns false if the entry is no longer waiting, for example because a batch
   * has it.
   */
  withdraw(waiting: Waiting): boolean;
  /** For entries that were accepted before: never refused. */
  push(waiting: Waiting): void;
  length(): number;
  /** Resolves when nothing waits and no batch is in flight. */
  drain(): Promise<void>;
}

/** Maximum rows in a batch, and maximum bytes of its reports. */
export const batchLimits = { rows: 500, bytes: 4 << 20 } as const;

/** Bytes of reports that may wait for a batch: 128 reports of maximum size. */
const queueBytes = 64 << 20;

/**
 * Collects waiting entries into batches, at most `slots` of them in flight. Each kind of batch has its own lane; lanes
 * take turns, so none waits for ever.
 */
export function heartbeatQueue(options: {
  slots: number;
  maximumWaiting: number;
  /** Bytes of reports that may wait. */
  maximumBytes?: number;
  /** Must not reject. */
  run: (batch: Waiting[]) => Promise<void>;
}): HeartbeatQueue {
  const lanes: Record<BatchKind, Waiting[]> = { plain: [], look: [], handing: [], reporting: [] };
  let turn = 0;
  let running = 0;
  let scheduled = false;
  let drained: (() => void)[] = [];

  const places = heartbeatPlaces<Waiting>({
    maximumWaiting: options.maximumWaiting,
    maximumBytes: options.maximumBytes ?? queueBytes,
  });
  /** Entries of ended calls that are still in a lane. */
  let goneCount = 0;

  function push(waiting: Waiting): void {
    places.enter(waiting);
    waiting.waits = true;
    lanes[batchKind(waiting.item)].push(waiting);
    if (!scheduled && running < options.slots) {
      // After this turn of the event loop: entries that arrived together leave together, and an idle server answers at
      // once.
      scheduled = true;
      setImmediate(dispatch);
    }
  }

  function dispatch(): void {
    scheduled = false;
    while (running < options.slots && places.count() > 0) {
      turn = (turn + 1) % batchKinds.length;
      // The remainder is a valid index of a kind.
      const lane = lanes[batchKinds[turn] as BatchKind];
      const batch = take(lane);
      if (batch.length > 0) {
        start(batch);
      }
    }
    if (running === 0 && places.count() === 0) {
      for (const resolve of drained) {
        resolve();
      }
      drained = [];
    }
  }

  function start(batch: Waiting[]): void {
    running += 1;
    for (const waiting of batch) {
      places.leave(waiting);
      waiting.waits = false;
    }
    void options.run(batch).finally(() => {
      running -= 1;
      dispatch();
    });
  }

  return {
    offer: (waiting) => {
      if (!places.free(waiting)) {
        return false;
      }
      push(waiting);
      return true;
    },
    withdraw: (waiting) => {
      if (waiting.waits !== true) {
        return false;
      }
      waiting.waits = false;
      places.leave(waiting);
      goneCount += 1;
      // Not one by one: each removal would move all entries behind it.
      if (goneCount > 100 && goneCount > places.count()) {
        for (const kind of batchKinds) {
          lanes[kind] = lanes[kind].filter(({ waits }) => waits === true);
        }
        goneCount = 0;
      }
      return true;
    },
    push,
    length: () => places.count(),
    drain: () =>
      new Promise((resolve) => {
        if (running === 0 && places.count() === 0) {
          resolve();
        } else {
          drained.push(resolve);
        }
      }),
  };
}

/**
 * Takes a batch from the front, sorted by machine, with at most one entry per pair of machine and key; a second one
 * waits for the next batch. The key is part of the pair so that a stranger who names a machine can't delay its agent.
 */
export function take(lane: Waiting[]): Waiting[] {
  // Indexed by machine first: nearly always one key names it, and a combined string would have to be built for each
  // entry.
  const seen = new Map<string, string[]>();
  const batch: Waiting[] = [];
  const left: Waiting[] = [];
  let bytes = 0;
  let read = 0;
  for (; read < lane.length && batch.length < batchLimits.rows; read += 1) {
    // Within bounds by the loop's condition.
    const waiting = lane[read] as Waiting;
    if (waiting.waits === false) {
      // The entry's call has ended.
      continue;
    }
    const { entry, keyIdentity } = waiting.item;
    const size = entryBytes(entry);
    if (batch.length > 0 && bytes + size > batchLimits.bytes) {
      break;
    }
    const keys = seen.get(entry.machineId);
    if (keys?.includes(keyIdentity) === true) {
      left.push(waiting);
    } else {
      if (keys === undefined) {
        seen.set(entry.machineId, [keyIdentity]);
      } else {
        keys.push(keyIdentity);
      }
      bytes += size;
      batch.push(waiting);
    }
  }
  lane.splice(0, read, ...left);
  return batch.toSorted((a, b) => (a.item.entry.machineId < b.item.entry.machineId ? -1 : 1));
}
