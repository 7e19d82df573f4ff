import type { MachineId } from "../../database/ids.ts";
import type { ProgressEntry } from "../../database/queries/installation/progress.ts";
import type { Clock } from "../../lib/clock.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";

/**
 * Collects byte counts between two phases and writes them once a second, for all machines together. Anything that
 * affects a decision goes to the database at once: a new phase, run or generation; every entry after a change of the
 * machine was heard of; and every entry while changes can't be heard.
 */
export interface ProgressCoalesce extends AsyncDisposable {
  /** Returns true if the entry was kept: it only raises the counts of what this server has recorded. */
  keep(entry: ProgressEntry): boolean;
  /**
   * Must be called before an entry goes to the database; call the returned function afterwards with whether it was
   * recorded.
   */
  recording(entry: ProgressEntry): (recorded: boolean) => void;
  /** Something was decided about this machine. */
  forget(machineId: MachineId): void;
  listening(): void;
  deaf(): void;
}

/** Milliseconds between two writes; after the same time a machine's next count goes to the database anyway. */
const flushInterval = 1_000;
const trustFor = 30_000;
/**
 * Milliseconds after the database last confirmed the run, after which nothing is answered from here. An agent takes an
 * answer as permission to write for another 60 s, and the database lets another run write after 90 s of silence.
 */
const confirmedFor = 15_000;
/** Machines written in one statement. */
const flushRows = 500;

interface Recorded {
  entry: ProgressEntry;
  since: number;
  /** When the entry that the database confirmed was sent there. */
  confirmed: number;
  dirty: boolean;
}

/** @param flush writes counts; a failure loses these counts only */
export function progressCoalesce(options: {
  flush: (entries: ProgressEntry[]) => Promise<void>;
  clock: Clock;
  log: Logger;
}): ProgressCoalesce {
  const { clock, log } = options;
  const recorded = new Map<MachineId, Recorded>();
  /** Entries on their way to the database; `stale` once something was decided about their machine meanwhile. */
  const underWay = new Set<{ machineId: MachineId; stale: boolean }>();
  let hears = false;
  const stop = new AbortController();

  async function flushDirty(): Promise<void> {
    const dirty = [...recorded.values()].filter((known) => known.dirty);
    for (let from = 0; from < dirty.length; from += flushRows) {
      const batch = dirty.slice(from, from + flushRows);
      for (const known of batch) {
        known.dirty = false;
      }
      const sent = clock.monotonic();
      const confirm = (): void => {
        for (const known of batch) {
          known.confirmed = sent;
        }
      };
      await options.flush(batch.map((known) => known.entry)).then(confirm, (error: unknown) => {
        log.warn({ error: describeError(error), machines: batch.length }, "byte counts could not be written");
      });
    }
    const old = clock.monotonic() - trustFor;
    for (const [machineId, known] of recorded) {
      if (known.since < old) {
        recorded.delete(machineId);
      }
    }
  }

  const flushing = (async () => {
    while (!stop.signal.aborted) {
      await clock.sleep(flushInterval, stop.signal).catch(() => undefined);
      await flushDirty();
    }
  })();

  return {
    keep: (entry) => {
      const known = recorded.get(entry.machineId);
      const confirmed = known !== undefined && clock.monotonic() - known.confirmed < confirmedFor;
      if (known === undefined || !hears || !confirmed || !movesCountsOnly(known.entry, entry)) {
        return false;
      }
      known.entry = entry;
      known.dirty = true;
      return true;
    },
    recording: (entry) => {
      const way = { machineId: entry.machineId, stale: false };
      const sent = clock.monotonic();
      underWay.add(way);
      recorded.delete(entry.machineId);
      return (isRecorded) => {
        underWay.delete(way);
        if (isRecorded && !way.stale && hears) {
          recorded.set(entry.machineId, { entry, since: clock.monotonic(), confirmed: sent, dirty: false });
        }
      };
    },
    forget: (machineId) => {
      recorded.delete(machineId);
      for (const way of underWay) {
        way.stale ||= way.machineId === machineId;
      }
    },
    listening: () => {
      hears = true;
    },
    deaf: () => {
      hears = false;
      recorded.clear();
      for (const way of underWay) {
        way.stale = true;
      }
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await flushing;
    },
  };
}

/**
 * True if the second entry only says that more bytes are done. A phase that is reported again without more bytes asks
 * for its acknowledgement again, which only the database can give. Pure.
 */
export function movesCountsOnly(known: ProgressEntry, entry: ProgressEntry): boolean {
  return (
    known.generation === entry.generation &&
    known.phase === entry.phase &&
    known.bytesDone < entry.bytesDone &&
    (known.lastError ?? "") === (entry.lastError ?? "") &&
    equal(known.run, entry.run) &&
    equal(known.publicKey, entry.publicKey)
  );
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
