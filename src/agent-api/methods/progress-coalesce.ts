import type { MachineId } from "../../database/ids.ts";
import type { ProgressEntry } from "../../database/queries/installation/progress.ts";
import type { Clock } from "../../lib/clock.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";

/**
 * Byte counts between two phases are kept here and written once a second, all machines' together. What decides anything
 * goes to the database at once: a phase, a run or a generation that is new, and anything at all after a change was heard of
 * for the machine, or while changes can't be heard.
 */
export interface ProgressCoalesce extends AsyncDisposable {
  /** True when the entry was kept: it only moves the counts of what this server has recorded. */
  keep(entry: ProgressEntry): boolean;
  /** To be called before an entry goes to the database; what it returns, afterwards: whether it was recorded there. */
  recording(entry: ProgressEntry): (recorded: boolean) => void;
  /** Something was decided about this machine. */
  forget(machineId: MachineId): void;
  listening(): void;
  deaf(): void;
}

/** Milliseconds between writes, and after which a machine's next count goes to the database all the same. */
const flushInterval = 1_000;
const trustFor = 30_000;
/**
 * Milliseconds since the database last had a word of the run, after which nothing is answered from here. An agent takes an
 * answer for a sign that it may write for another 60 s, and the database gives its place away after 90 s of silence.
 */
const confirmedFor = 15_000;
/** Machines written in one statement. */
const flushRows = 500;

interface Recorded {
  entry: ProgressEntry;
  since: number;
  /** When what the database has of it was sent there. */
  confirmed: number;
  dirty: boolean;
}

/** @param flush writes counts; a failure costs these counts, no more */
export function progressCoalesce(options: {
  flush: (entries: ProgressEntry[]) => Promise<void>;
  clock: Clock;
  log: Logger;
}): ProgressCoalesce {
  const { clock, log } = options;
  const recorded = new Map<MachineId, Recorded>();
  /** Entries on their way to the database; stale once something was decided about their machine meanwhile. */
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
 * Whether the second entry says nothing new but that more bytes are done. A phase that is reported again with no more than
 * before asks for its acknowledgement again: that is the database's to give. Pure.
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
