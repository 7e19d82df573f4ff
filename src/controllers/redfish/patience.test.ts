import { expect, test } from "vitest";
import { quickClock } from "../testing/quick-clock.ts";
import { rounds } from "./patience.ts";

async function pauses(patience: {
  first: number;
  most: number;
  total: number;
}): Promise<{ rounds: number; slept: number[] }> {
  const clock = quickClock();
  let count = 0;
  for await (const round of rounds(clock, patience, new AbortController().signal)) {
    expect(round).toBe(count);
    count += 1;
  }
  return { rounds: count, slept: clock.slept };
}

test("pauses double up to the longest, and the last round is at the very end", async () => {
  expect(await pauses({ first: 500, most: 2000, total: 6000 })).toEqual({
    rounds: 6,
    slept: [500, 1000, 2000, 2000, 500],
  });
});

test("without any time there is one round", async () => {
  expect(await pauses({ first: 500, most: 2000, total: 0 })).toEqual({ rounds: 1, slept: [] });
});

test("a caller who goes ends the pause", async () => {
  const going = new AbortController();
  const run = async (): Promise<void> => {
    for await (const _ of rounds(quickClock(), { first: 1, most: 1, total: 100 }, going.signal)) {
      going.abort(new Error("gone"));
    }
  };
  await expect(run()).rejects.toThrow("gone");
});
