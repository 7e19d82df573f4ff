import type { AgentRefusal } from "../../database/queries/agent/agent-refused.ts";
import type { MachineId } from "../../database/ids.ts";
import type { Clock } from "../../lib/clock.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { Peer } from "../listener/peer.ts";

/** Remembers refused callers and records them: each pair of machine and key at most once a minute. */
export interface RefusedCallers extends AsyncDisposable {
  note(peer: Peer, machineId: MachineId, address: string): void;
}

/**
 * Milliseconds: `writeEvery` between two records of one pair, then the interval of the writer, and the silence after
 * which a pair is forgotten.
 */
const writeEvery = 60_000;
const lookEvery = 1_000;
const forgetAfter = 10 * 60_000;
/** Maximum number of remembered pairs, in total and per address; the earliest stay. */
const remembered = 2_000;
const perAddress = 100;
/** Pairs in one statement. */
const rows = 500;

interface Seen {
  peer: Peer;
  machineId: MachineId;
  address: string;
  /** Refusals that are not recorded yet, and since when. */
  count: number;
  since: number;
  lastAt: number;
  writtenAt: number;
  known: boolean;
}

/**
 * @param options.write resolves to the recorded pairs, and whether their machines exist; a failure loses that minute's
 * counts
 * @param options.standing called with the number of refused pairs whose machine exists, and of others
 */
export function createRefusedCallers(options: {
  clock: Clock;
  log: Logger;
  write: (refusals: AgentRefusal[]) => Promise<{ machineId: MachineId; known: boolean }[]>;
  standing: (counts: { known: number; unknown: number }) => void;
}): RefusedCallers {
  const { clock, log } = options;
  const seen = new Map<string, Seen>();
  const ofAddress = new Map<string, number>();
  const stop = new AbortController();

  function forgetSilent(now: number): void {
    for (const [pair, { lastAt, address }] of seen) {
      if (lastAt < now - forgetAfter) {
        seen.delete(pair);
        const left = (ofAddress.get(address) ?? 1) - 1;
        if (left === 0) {
          ofAddress.delete(address);
        } else {
          ofAddress.set(address, left);
        }
      }
    }
  }

  async function flush(): Promise<void> {
    const now = clock.monotonic();
    forgetSilent(now);
    const due = [...seen.values()]
      .filter(({ count, writtenAt }) => count > 0 && now - writtenAt >= writeEvery)
      .slice(0, rows);
    if (due.length > 0) {
      const refusals = due.map(({ peer, machineId, address, count, since }) => ({
        ...{ machineId, publicKey: peer.key, address, count },
        ago: (now - since) / 1_000,
      }));
      for (const each of due) {
        each.count = 0;
        each.writtenAt = now;
      }
      const kept = await options.write(refusals);
      const known = new Map(kept.map((each) => [each.machineId, each.known]));
      for (const each of due) {
        each.known = known.get(each.machineId) ?? each.known;
      }
    }
    const all = [...seen.values()];
    const knownCount = all.filter(({ known }) => known).length;
    options.standing({ known: knownCount, unknown: all.length - knownCount });
  }

  const flushing = (async () => {
    while (!stop.signal.aborted) {
      await clock.sleep(lookEvery, stop.signal).catch(() => undefined);
      if (!stop.signal.aborted) {
        await flush().catch((error: unknown) =>
          log.warn({ error: describeError(error) }, "refused callers could not be recorded"),
        );
      }
    }
  })();

  return {
    note: (peer, machineId, address) => {
      const now = clock.monotonic();
      const pair = `${machineId} ${peer.keyIdentity}`;
      const there = seen.get(pair);
      if (there !== undefined) {
        there.since = there.count === 0 ? now : there.since;
        there.count += 1;
        there.lastAt = now;
        return;
      }
      const others = ofAddress.get(address) ?? 0;
      if (seen.size >= remembered || others >= perAddress) {
        return;
      }
      ofAddress.set(address, others + 1);
      const times = { count: 1, since: now, lastAt: now, writtenAt: -Infinity };
      seen.set(pair, { peer, machineId, address, known: false, ...times });
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await flushing;
    },
  };
}
