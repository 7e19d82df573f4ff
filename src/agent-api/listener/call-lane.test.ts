import { EventEmitter } from "node:events";
import type { ServerHttp2Stream } from "node:http2";
import { afterEach, expect, test, vi } from "vitest";
import { callLane } from "./call-lane.ts";

const stream = (): ServerHttp2Stream & { closed: boolean } => {
  const made = Object.assign(new EventEmitter(), { closed: false, destroyed: false, destroy: () => made });
  return made as unknown as ServerHttp2Stream & { closed: boolean };
};
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
};

afterEach(() => void vi.useRealTimers());

/** Lets the lane look at its budget a few times. */
async function looks(): Promise<void> {
  vi.advanceTimersByTime(100);
  await turns(2);
}

test("A2: calls of a turn are begun until its time is up, in the order of their coming", async () => {
  let now = 0;
  const lane = callLane({ turn: 2, perCaller: 10, most: 100 }, { monotonic: () => now });
  const begun: number[] = [];
  for (let call = 0; call < 6; call += 1) {
    // Each call takes a millisecond.
    lane.enter({ stream: stream(), caller: call, begin: () => void (begun.push(call), (now += 1)) });
  }
  expect(begun).toEqual([]);
  await turns(1);
  expect(begun).toEqual([0, 1]);
  await turns(2);
  expect(begun).toEqual([0, 1, 2, 3, 4, 5]);
});

test("A2: what a call cost counts as measured: with the share of the processor used up, calls wait", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  let now = 0;
  const limits = { turn: 1_000, time: { perSecond: 100, burst: 30 }, perCaller: 10, most: 100 };
  const lane = callLane(limits, { monotonic: () => now });
  let begun = 0;
  const begin = (): void => void ((begun += 1), (now += 10));
  for (let call = 0; call < 10; call += 1) {
    lane.enter({ stream: stream(), caller: call, begin });
  }
  await turns(1);
  // Three calls take the burst of 30 ms. They are charged three times that, so no further call begins.
  expect(begun).toBe(3);
  await turns(5);
  expect(begun).toBe(3);
  // The debt is the burst at most: 30 ms at 100 ms a second are back after 300 ms.
  now += 290;
  await looks();
  expect(begun).toBe(3);
  now += 20;
  await looks();
  expect(begun).toBe(4);
});

test("A2: calls that did not wait are charged too, and leave a bounded debt", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  let now = 0;
  const limits = { turn: 1_000, time: { perSecond: 100, burst: 30 }, perCaller: 10, most: 100 };
  const lane = callLane(limits, { monotonic: () => now });
  let begun = 0;
  lane.spend(60_000);
  lane.enter({ stream: stream(), caller: 1, begin: () => void (begun += 1) });
  await looks();
  expect(begun).toBe(0);
  now += 310;
  await looks();
  expect(begun).toBe(1);
});

test("A2: the lane holds a bounded number of calls per caller, and a call that ends frees its place", async () => {
  const lane = callLane({ turn: 2, perCaller: 2, most: 3 }, { monotonic: () => 0 });
  const begun: string[] = [];
  const [first, second] = [stream(), stream()];
  const enter = (caller: string, of = stream()): string =>
    lane.enter({ stream: of, caller, begin: () => void begun.push(caller) });
  expect([enter("a", first), enter("a", second), enter("a")]).toEqual(["waits", "waits", "flood"]);
  first.emit("close");
  expect([enter("a"), enter("b"), enter("c")]).toEqual(["waits", "waits", "full"]);
  second.closed = true;
  await turns(1);
  expect(begun).toEqual(["a", "b"]);
});
