import { batchKind, batchKinds, type BatchEntry, type BatchKind } from "./heartbeat-batch.ts";
import type { HeartbeatOutcome } from "./heartbeat-entry.ts";

/** An entry, and who waits for what comes of it. */
export interface Waiting {
  item: BatchEntry;
  resolve: (outcome: HeartbeatOutcome) => void;
  /** Found before, on the way to being handed a request: its report was of a generation never asked for. */
  unasked: boolean;
}

export interface HeartbeatQueue {
  /** False when too much is waiting. */
  offer(waiting: Waiting): boolean;
  /** For entries that were accepted before: never refused. */
  push(waiting: Waiting): void;
  length(): number;
  /** Resolves when nothing waits and no batch is under way. */
  drain(): Promise<void>;
}

/** A batch holds at most this many rows, and this many bytes of reports. */
export const batchLimits = { rows: 500, bytes: 4 << 20 } as const;

/**
 * Gathers what waits into batches, at most `slots` of them under way. A lane for each kind of batch; they take turns, so
 * that none waits for ever.
 */
export function heartbeatQueue(options: {
  slots: number;
  maximumWaiting: number;
  /** Must not reject. */
  run: (batch: Waiting[]) => Promise<void>;
}): HeartbeatQueue {
  const lanes: Record<BatchKind, Waiting[]> = { plain: [], look: [], reporting: [] };
  let turn = 0;
  let running = 0;
  let scheduled = false;
  let drained: (() => void)[] = [];

  const length = (): number => lanes.plain.length + lanes.look.length + lanes.reporting.length;

  function push(waiting: Waiting): void {
    lanes[batchKind(waiting.item)].push(waiting);
    if (!scheduled && running < options.slots) {
      // After this turn of the event loop: what arrived together leaves together, and an idle server answers at once.
      scheduled = true;
      setImmediate(dispatch);
    }
  }

  function dispatch(): void {
    scheduled = false;
    while (running < options.slots && length() > 0) {
      turn = (turn + 1) % batchKinds.length;
      // The remainder is one of the kinds.
      const lane = lanes[batchKinds[turn] as BatchKind];
      if (lane.length > 0) {
        start(take(lane));
      }
    }
    if (running === 0 && length() === 0) {
      for (const resolve of drained) {
        resolve();
      }
      drained = [];
    }
  }

  function start(batch: Waiting[]): void {
    running += 1;
    void options.run(batch).finally(() => {
      running -= 1;
      dispatch();
    });
  }

  return {
    offer: (waiting) => {
      if (length() >= options.maximumWaiting) {
        return false;
      }
      push(waiting);
      return true;
    },
    push,
    length,
    drain: () =>
      new Promise((resolve) => {
        if (running === 0 && length() === 0) {
          resolve();
        } else {
          drained.push(resolve);
        }
      }),
  };
}

/**
 * Takes a batch off the front, sorted by machine. At most one entry per (machine, key): a second waits for the next batch.
 * The key is part of it so that a stranger who names a machine can't delay it.
 */
export function take(lane: Waiting[]): Waiting[] {
  // By machine first: nearly always one key names it, and a string of both would be made for each.
  const seen = new Map<string, string[]>();
  const batch: Waiting[] = [];
  const left: Waiting[] = [];
  let bytes = 0;
  let read = 0;
  for (; read < lane.length && batch.length < batchLimits.rows; read += 1) {
    // Within bounds: checked by the loop.
    const waiting = lane[read] as Waiting;
    const { entry, keyLiteral } = waiting.item;
    const size = (entry.hardware?.raw.length ?? 0) + (entry.report?.raw.length ?? 0);
    if (batch.length > 0 && bytes + size > batchLimits.bytes) {
      break;
    }
    const keys = seen.get(entry.machineId);
    if (keys?.includes(keyLiteral) === true) {
      left.push(waiting);
    } else {
      if (keys === undefined) {
        seen.set(entry.machineId, [keyLiteral]);
      } else {
        keys.push(keyLiteral);
      }
      bytes += size;
      batch.push(waiting);
    }
  }
  lane.splice(0, read, ...left);
  return batch.toSorted((a, b) => (a.item.entry.machineId < b.item.entry.machineId ? -1 : 1));
}
