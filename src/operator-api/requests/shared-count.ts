import type { Clock } from "../../lib/clock.ts";

/** Maximum number of answers that are kept. */
const kept = 32;
/** An answer is given again for this many times as long as it took: so counting costs at most a tenth of the time. */
const again = 10;
/** From this number of machines on, counting them is costly. */
export const costlyFrom = 50_000;
/** Counts of unknown cost that run at a time, whatever they count. */
export const firstCounts = 4;

interface Kept<Answer> {
  answer: Promise<Answer>;
  /** When it is no longer given, on the clock. */
  until: number;
}

/**
 * Answers that are the same for all callers, and costly where they are about many machines: then a call gets the answer
 * of a count that is running, or an answer that is fresh for what it cost, and counts run one at a time. About few machines
 * every call gets its own; a count whose cost is not known yet waits while {@link firstCounts} others run.
 */
export function sharedCount<Answer>(
  clock: Clock,
  machinesOf: (answer: Answer) => number,
  costly: number = costlyFrom,
): (key: string, count: () => Promise<Answer>) => Promise<Answer> {
  const answers = new Map<string, Kept<Answer>>();
  let last: Promise<unknown> = Promise.resolve();
  const places = takingTurns(firstCounts);

  const inTurn = async (turn: Promise<unknown>, count: () => Promise<Answer>): Promise<Answer> => {
    await turn.catch(() => undefined);
    return count();
  };
  const keep = (key: string, entry: Kept<Answer>): void => {
    answers.delete(key);
    answers.set(key, entry);
    const [oldest] = answers.keys();
    if (answers.size > kept && oldest !== undefined) {
      answers.delete(oldest);
    }
  };
  const timed = async (key: string, count: () => Promise<Answer>): Promise<Answer> => {
    const begun = clock.monotonic();
    const answer = await count();
    const ended = clock.monotonic();
    if (machinesOf(answer) < costly) {
      answers.delete(key);
    } else {
      keep(key, { answer: Promise.resolve(answer), until: ended + (ended - begun) * again });
    }
    return answer;
  };
  /** The answer that is kept, or the answer of a count that runs; undefined if the key is not known to be costly. */
  const shared = (key: string, count: () => Promise<Answer>): Promise<Answer> | undefined => {
    const known = answers.get(key);
    if (known === undefined || clock.monotonic() < known.until) {
      return known?.answer;
    }
    const entry = { answer: inTurn(last, () => timed(key, count)), until: Number.POSITIVE_INFINITY };
    last = entry.answer;
    keep(key, entry);
    // A failure is told to those who wait for it, and to nobody later.
    entry.answer.catch(() => answers.get(key) === entry && keep(key, { ...entry, until: 0 }));
    return entry.answer;
  };
  return async (key, count) => {
    const known = shared(key, count);
    if (known !== undefined) {
      return known;
    }
    // While this call waited, another one may have found out that its key is costly.
    const { answer } = await places(async () => {
      const since = shared(key, count);
      return { answer: since ?? (await timed(key, count)) };
    });
    return answer;
  };
}

/** Runs at most `places` at a time; the others wait in the order in which they came. */
function takingTurns(places: number): <Result>(run: () => Promise<Result>) => Promise<Result> {
  let free = places;
  const waiting: (() => void)[] = [];
  return async (run) => {
    if (free > 0) {
      free -= 1;
    } else {
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    try {
      return await run();
    } finally {
      // The place goes to the next that waits.
      const next = waiting.shift();
      if (next === undefined) {
        free += 1;
      } else {
        next();
      }
    }
  };
}
