import { expect, test } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { firstCounts, sharedCount } from "./shared-count.ts";

/** A count of 100 ms that says how often it was done. */
function counting(clock: FakeClock) {
  let counts = 0;
  return async (): Promise<number> => {
    await clock.sleep(100);
    counts += 1;
    return counts;
  };
}

async function after<T>(clock: FakeClock, milliseconds: number, result: Promise<T>): Promise<T> {
  await clock.untilSleeping();
  await clock.advance(milliseconds);
  return result;
}

test("about many machines, callers share an answer for ten times as long as it took", async () => {
  const clock = new FakeClock();
  const shared = sharedCount<number>(clock, () => 1_000_000);
  const count = counting(clock);
  expect(await after(clock, 100, shared("a", count))).toBe(1);
  // It was there at 100, and holds until 1,100.
  await clock.advance(999);
  expect(await shared("a", count)).toBe(1);
  await clock.advance(1);
  const together = [shared("a", count), shared("a", count)];
  expect(await after(clock, 100, Promise.all(together))).toEqual([2, 2]);
});

test("a failure is told to those who wait for it, and not kept", async () => {
  const clock = new FakeClock();
  const shared = sharedCount<number>(clock, () => 1_000_000);
  const count = counting(clock);
  await after(clock, 100, shared("a", count));
  await clock.advance(2_000);
  await expect(shared("a", () => Promise.reject(new Error("away")))).rejects.toThrow("away");
  expect(await after(clock, 100, shared("a", count))).toBe(2);
});

test("about few machines, each call gets an answer of its own", async () => {
  const clock = new FakeClock();
  const shared = sharedCount<number>(clock, () => 49_999);
  const count = counting(clock);
  expect(await after(clock, 100, Promise.all([shared("a", count), shared("a", count)]))).toEqual([1, 2]);
  expect(await after(clock, 100, shared("a", count))).toBe(3);
});

test("many keys do not grow it without end", async () => {
  const clock = new FakeClock();
  const shared = sharedCount<number>(clock, () => 1_000_000);
  let counts = 0;
  for (let index = 0; index < 40; index += 1) {
    await shared(`k${index}`, async () => {
      await Promise.resolve();
      counts += 1;
      return counts;
    });
  }
  expect(counts).toBe(40);
});

test("first counts of many keys take turns, and who waited gets a costly answer that came meanwhile", async () => {
  const clock = new FakeClock();
  const shared = sharedCount<number>(clock, () => 1_000_000);
  let [running, most, counts] = [0, 0, 0];
  const count = async (): Promise<number> => {
    running += 1;
    most = Math.max(most, running);
    await clock.sleep(100);
    running -= 1;
    counts += 1;
    return counts;
  };
  const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
  let settled = false;
  const all = Promise.all([...keys, ...keys].map((key) => shared(key, count))).finally(() => {
    settled = true;
  });
  while (!settled) {
    await clock.untilSleeping();
    await clock.advance(100);
  }
  await all;
  expect(most).toBe(firstCounts);
  // Only a key whose first count was still running is counted twice.
  expect(counts).toBeLessThan(20 + firstCounts);
});
