import type { MachineId } from "../../database/ids.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { WatchStream } from "./watch-stream.ts";

/** The agents that wait at this server, by machine. */
export interface OpenWatches extends Disposable {
  /** Returns a function that removes the watcher again; calling it twice does no harm. */
  add(machineId: MachineId, watcher: WatchStream): () => void;
  /** Something changed that concerns this machine's agent. */
  wake(machineId: MachineId): void;
  /** Any machine may have changed, because changes could not be heard. */
  wakeAll(): void;
  /** Ends all streams because the server is stopping. */
  stopAll(): void;
}

/** Milliseconds between two keepalive messages on a stream. */
const keepaliveInterval = 60_000;

/** Starts empty. */
export function createOpenWatches(metrics: Metrics): OpenWatches {
  // Most machines have one watcher; a Set for each would cost more than the rest of a waiting agent's bookkeeping.
  const waiting = new Map<MachineId, WatchStream | WatchStream[]>();
  let count = 0;

  function* watchersOf(machineId: MachineId): Iterable<WatchStream> {
    const found = waiting.get(machineId);
    if (Array.isArray(found)) {
      yield* found;
    } else if (found !== undefined) {
      yield found;
    }
  }

  function each(action: (watcher: WatchStream) => void): void {
    for (const machineId of [...waiting.keys()]) {
      for (const watcher of [...watchersOf(machineId)]) {
        action(watcher);
      }
    }
  }

  const keepalive = setInterval(() => each((watcher) => watcher.keepalive()), keepaliveInterval);
  keepalive.unref();

  return {
    add: (machineId, watcher) => {
      const there = [...watchersOf(machineId)];
      waiting.set(machineId, there.length === 0 ? watcher : [...there, watcher]);
      count += 1;
      metrics.agentWatches.set(count);
      let removed = false;
      return () => {
        if (removed) {
          return;
        }
        removed = true;
        const left = [...watchersOf(machineId)].filter((other) => other !== watcher);
        if (left.length === 0) {
          waiting.delete(machineId);
        } else {
          waiting.set(machineId, left);
        }
        count -= 1;
        metrics.agentWatches.set(count);
      };
    },
    wake: (machineId) => {
      for (const watcher of watchersOf(machineId)) {
        watcher.look();
      }
    },
    wakeAll: () => each((watcher) => watcher.look()),
    stopAll: () => each((watcher) => watcher.stop()),
    [Symbol.dispose]: () => clearInterval(keepalive),
  };
}
