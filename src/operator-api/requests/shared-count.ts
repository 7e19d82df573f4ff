import type { Clock } from "../../lib/clock.ts";

/** Maximum number of answers that are kept. */
const kept = 32;
/** An answer is given again for this many times as long as it took: so counting costs at most a tenth of the time. */
const again = 10;
/** From this number of machines on, counting them is costly. */
export const costlyFrom = 50_000;

interface Kept<Answer> {
  answer: Promise<Answer>;
  /** When it is no longer given, on the clock. */
  until: number;
}

/**
 * Answers that are the same for all callers, and costly where they are about many machines: then a call gets the answer
 * of a count that is running, or an answer that is fresh for what it cost, and counts run one at a time. About few machines
 * every call gets its own.
 */
export function sharedCount<Answer>(
  clock: Clock,
  machinesOf: (answer: Answer) => number,
  costly: number = costlyFrom,
): (key: string, count: () => Promise<Answer>) => Promise<Answer> {
  const answers = new Map<string, Kept<Answer>>();
  let last: Promise<unknown> = Promise.resolve();

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
  return async (key, count) => {
    const known = answers.get(key);
    if (known !== undefined && clock.monotonic() < known.until) {
      return known.answer;
    }
    const timed = async (): Promise<Answer> => {
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
    if (known === undefined) {
      return timed();
    }
    const entry = { answer: inTurn(last, timed), until: Number.POSITIVE_INFINITY };
    last = entry.answer;
    keep(key, entry);
    // A failure is told to those who wait for it, and to nobody later.
    entry.answer.catch(() => answers.get(key) === entry && keep(key, { ...entry, until: 0 }));
    return entry.answer;
  };
}
