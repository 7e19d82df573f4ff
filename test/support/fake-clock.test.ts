import { expect, test } from "vitest";
import { FakeClock } from "./fake-clock.ts";

test("wakes sleepers in their order, each at its own time", async () => {
  const clock = new FakeClock();
  const seen: [string, number][] = [];
  const sleep = async (name: string, milliseconds: number): Promise<void> => {
    await clock.sleep(milliseconds);
    seen.push([name, clock.monotonic()]);
  };
  const all = Promise.all([sleep("late", 300), sleep("soon", 100)]);
  await clock.untilSleeping(2);
  expect(clock.nextIn).toBe(100);
  await clock.advance(99);
  expect(seen).toEqual([]);
  await clock.advance(500);
  await all;
  expect(seen).toEqual([
    ["soon", 100],
    ["late", 300],
  ]);
  expect(clock.monotonic()).toBe(599);
  expect(clock.sleepers).toBe(0);
});

test("wakes a loop as often as its time passes", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  let rounds = 0;
  const loop = (async () => {
    for (;;) {
      await clock.sleep(10, stop.signal);
      rounds += 1;
    }
  })();
  await clock.advance(100);
  expect(rounds).toBe(10);
  stop.abort(new Error("enough"));
  await expect(loop).rejects.toThrow("enough");
  expect(clock.sleepers).toBe(0);
  await expect(clock.sleep(1, stop.signal)).rejects.toThrow("enough");
});
