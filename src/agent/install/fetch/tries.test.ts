import pino from "pino";
import { expect, test } from "vitest";
import { AgentError } from "../../errors.ts";
import { fetchLimits } from "./http-answer.ts";
import { TransientError } from "./transient-error.ts";
import { createTries, type Tries, type Trouble } from "./tries.ts";

interface Rig {
  tries: Tries;
  troubles: (Trouble | undefined)[];
  clock: { time: number };
}

/** Sleeping takes no time but the clock's. */
function rig(): Rig {
  const troubles: (Trouble | undefined)[] = [];
  const clock = { time: 1000 };
  const tries = createTries({
    signal: new AbortController().signal,
    limits: { ...fetchLimits, tries: 3, pause: 100, longestPause: 1000 },
    clock: {
      monotonic: () => clock.time,
      sleep: (milliseconds) => {
        clock.time += milliseconds;
        return Promise.resolve();
      },
    },
    random: () => 1,
    log: pino({ enabled: false }),
    trying: (trouble) => troubles.push(trouble),
  });
  return { tries, troubles, clock };
}
const failure = (): TransientError => new TransientError("fetch_failed", "http://me:secret@h/x answered 503");

test("X4: the time at which it is given up is the one at which it is", async () => {
  const { tries, troubles, clock } = rig();
  const predicted: (number | undefined)[] = [];
  for (let each = 0; each < 2; each += 1) {
    clock.time += 7;
    await tries.failed(failure());
    predicted.push(troubles.at(-1)?.givesUpAt);
  }
  clock.time += 7;
  await expect(tries.failed(failure())).rejects.toThrow(/answered 503 \(given up after 3 tries in a row\)/u);
  expect(predicted).toEqual([clock.time, clock.time]);
  expect(troubles[0]).toMatchObject({ reason: "http://h/x answered 503", slow: false });
});

test("X4: what is only waited for fails at its limit, and so do the tries after it", () => {
  const { tries, troubles, clock } = rig();
  clock.time += 10;
  tries.waiting("no answer", 20, true);
  // Three tries of 30 ms, with pauses of 100 and 200 ms between them.
  expect(troubles).toEqual([{ reason: "no answer", givesUpAt: 1000 + 3 * 30 + 100 + 200, slow: true }]);
  tries.recovered();
  expect(troubles.at(-1)).toBeUndefined();
});

test.each<[string, number, number, boolean]>([
  ["enough bytes in a moment", 1 << 20, 10, true],
  ["a byte with each connection", 1, 10, false],
  ["many bytes, at a quarter of the lowest rate", 1 << 20, 4 * fetchLimits.rateWindow, false],
])("A11: tries that bring %s", async (_name, bytes, time, goesOn) => {
  const { tries, clock } = rig();
  const many = async (): Promise<string> => {
    for (let each = 0; each < 6; each += 1) {
      clock.time += time;
      tries.came(bytes);
      await tries.failed(failure());
    }
    return "goes on";
  };
  const end = await many().catch((error: unknown) => (error instanceof AgentError ? error.message : "other"));
  expect(end).toMatch(goesOn ? /^goes on$/u : /given up after 3 tries in a row/u);
});
