import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { floodPause, type FloodPause } from "./flood-pause.ts";

let now = 0;
let pause: FloodPause;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  now = 0;
  pause = floodPause({ monotonic: () => now }, 5_000);
});
afterEach(() => {
  pause[Symbol.dispose]();
  vi.useRealTimers();
});

const pass = (milliseconds: number): void => {
  now += milliseconds;
  vi.advanceTimersByTime(milliseconds);
};

test("A2: a caller's connections begin at once, after a flood once its pause is over, and nobody else's wait", () => {
  const begun: string[] = [];
  pause.enter("a", () => void begun.push("before"));
  pause.note("a");
  pause.enter("a", () => void begun.push("after"));
  pause.enter("b", () => void begun.push("other"));
  expect(begun).toEqual(["before", "other"]);
  pass(3_000);
  // Meanwhile another connection of the same caller is closed for a flood.
  pause.note("a");
  pass(4_999);
  expect(begun).toHaveLength(2);
  pass(1);
  expect(begun).toEqual(["before", "other", "after"]);
  pass(100);
  pause.enter("a", () => void begun.push("again"));
  expect(begun.at(-1)).toBe("again");
});

test("A2: after the pause a caller's connections begin one by one; where the first floods again the others wait on", () => {
  pause.note("a");
  const begun: number[] = [];
  for (const name of [1, 2, 3]) {
    pause.enter("a", () => void begun.push(name));
  }
  pass(5_000);
  expect(begun).toEqual([1]);
  pause.note("a");
  pass(4_999);
  expect(begun).toEqual([1]);
  pass(1);
  pass(100);
  expect(begun).toEqual([1, 2, 3]);
});

test("A2: a paused caller has a bounded number of waiting connections; closing one frees its place", () => {
  pause.note("a");
  const begun = vi.fn<() => void>();
  const entered = Array.from({ length: 512 }, () => pause.enter("a", () => begun()));
  expect(entered).not.toContain(false);
  expect(pause.enter("a", () => begun())).toBe(false);
  const [first] = entered;
  if (first !== undefined && first !== false) {
    first();
  }
  expect(pause.enter("a", () => begun())).not.toBe(false);
  pass(5_000);
  pass(60_000);
  expect(begun).toHaveBeenCalledTimes(512);
});
