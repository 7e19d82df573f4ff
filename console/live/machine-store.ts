// What the stream has said of machines since this page was opened, by id. Lists keep what they were read with, and look here
// for what is newer: so rows change in place, and never move by themselves.
import { useCallback, useSyncExternalStore } from "react";
import { queryClient } from "../api/query-client.ts";
import type { Machine, MachineChange } from "../../gen/farrier/operator/v1/machine_pb.ts";

/** The newest that the stream has said of a machine. */
export interface LiveMachine {
  id: string;
  /** Greater for what was said later; compare with {@link liveSequence} at the time of a call. */
  sequence: number;
  /** Undefined where it was deleted. */
  machine: Machine | undefined;
}

/** Milliseconds between two changes of what is shown: at most four paints a second. */
const paint = 250;
/** Machines of which changes are kept. */
const kept = 20_000;

let sequence = 0;
const known = new Map<string, LiveMachine>();
/** Heard, and not shown yet. */
let waiting = new Map<string, LiveMachine>();
/** A hidden tab has heard more than it keeps. */
let overflown = false;
let timer: ReturnType<typeof setTimeout> | undefined;
/** When changes were shown last, by the monotonic clock. */
let painted = -Infinity;
const byMachine = new Map<string, Set<() => void>>();
const listeners = new Set<(changes: readonly LiveMachine[]) => void>();

/** The number of the newest change: take it before a call, and a change with a greater number is newer than its answer. */
export function liveSequence(): number {
  return sequence;
}

/** Notes changes; they are shown at once or, shortly after others, with all that come until then; in a hidden tab when it is seen again. */
export function changesNote(changes: readonly MachineChange[]): void {
  for (const { change } of changes) {
    sequence += 1;
    if (change.case === "machine") {
      waiting.set(change.value.id, { id: change.value.id, sequence, machine: change.value });
    } else if (change.case === "deletedMachineId") {
      waiting.set(change.value, { id: change.value, sequence, machine: undefined });
    }
  }
  if (waiting.size > kept) {
    waiting = new Map();
    overflown = true;
  }
  if (waiting.size > 0) {
    timer ??= setTimeout(flush, Math.max(0, painted + paint - performance.now()));
  }
}

/** What the stream has said of a machine; undefined means nothing. */
export function liveMachine(id: string): LiveMachine | undefined {
  return known.get(id);
}

/** The same, kept current. */
export function useLiveMachine(id: string): LiveMachine | undefined {
  const subscribe = useCallback(
    (listener: () => void) => {
      const set = byMachine.get(id) ?? new Set();
      byMachine.set(id, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0) {
          byMachine.delete(id);
        }
      };
    },
    [id],
  );
  return useSyncExternalStore(subscribe, () => known.get(id));
}

/** Calls `listener` with the changes of each quarter of a second; returns what ends it. */
export function changesSubscribe(listener: (changes: readonly LiveMachine[]) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function flush(): void {
  timer = undefined;
  if (document.hidden) {
    // Nobody looks: a change of the same machine replaces the one before, and nothing is drawn.
    return;
  }
  painted = performance.now();
  const changes = [...waiting.values()];
  waiting = new Map();
  for (const change of changes) {
    // Inserted anew, so that the oldest come first.
    known.delete(change.id);
    known.set(change.id, change);
  }
  for (const id of known.keys()) {
    if (known.size <= kept) {
      break;
    }
    if (!byMachine.has(id)) {
      known.delete(id);
    }
  }
  for (const { id } of changes) {
    byMachine.get(id)?.forEach((listener) => listener());
  }
  listeners.forEach((listener) => listener(changes));
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    return;
  }
  if (overflown) {
    overflown = false;
    void queryClient.invalidateQueries();
  }
  if (waiting.size > 0) {
    flush();
  }
});
