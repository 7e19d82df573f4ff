import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { floodGap, type FloodGap } from "./flood-gap.ts";

let now = 0;
let gap: FloodGap;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  now = 0;
  gap = floodGap({ monotonic: () => now });
});
afterEach(() => {
  gap[Symbol.dispose]();
  vi.useRealTimers();
});

const pass = (milliseconds: number): void => {
  for (let passed = 0; passed < milliseconds; passed += 50) {
    now += 50;
    vi.advanceTimersByTime(50);
  }
};

class Accepted extends EventEmitter {
  destroyed = false;
  readonly remoteAddress: string;
  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }
  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }
}

test("A6: connections begin at once; after a flood those of its address one by one, and nobody else's wait", () => {
  const begun: string[] = [];
  const enter = (address: string, name: string): void => gap.enter(new Accepted(address), () => void begun.push(name));
  enter("192.0.2.1", "before");
  gap.note("192.0.2.1");
  enter("192.0.2.1", "first");
  enter("192.0.2.1", "second");
  enter("192.0.2.2", "other");
  expect(begun).toEqual(["before", "other"]);
  pass(100);
  expect(begun).toEqual(["before", "other", "first"]);
  pass(100);
  expect(begun).toEqual(["before", "other", "first", "second"]);
  pass(5_000);
  enter("192.0.2.1", "again");
  expect(begun.at(-1)).toBe("again");
});

test("A6: a connection that closes while it waits takes no turn; the line is per /64; disposing closes the waiting", () => {
  gap.note("2001:db8::1");
  const begun = vi.fn<() => void>();
  const [gone, next, last] = [1, 2, 3].map((host) => new Accepted(`2001:db8::${host}`));
  for (const connection of [gone, next, last]) {
    gap.enter(connection as Accepted, begun);
  }
  gone?.destroy();
  pass(100);
  expect(begun).toHaveBeenCalledTimes(1);
  gap[Symbol.dispose]();
  expect([next?.destroyed, last?.destroyed]).toEqual([false, true]);
});
