import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { byteLimit, type ByteLimit } from "./byte-limit.ts";

let limit: ByteLimit;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  limit = byteLimit({ unused: 100, perCall: 200 });
});
afterEach(() => {
  limit[Symbol.dispose]();
  vi.useRealTimers();
});

test("a connection that is over the limit since its last call is told once; one whose watch has ended is not", () => {
  const [over, under, proven] = [{ bytesRead: 101 }, { bytesRead: 100 }, { bytesRead: 5_000 }];
  const exceeded: string[] = [];
  limit.watch(over, () => void exceeded.push("over"));
  const watch = limit.watch(under, () => void exceeded.push("under"));
  limit.watch(proven, () => void exceeded.push("proven")).end();
  vi.advanceTimersByTime(1_000);
  expect(exceeded).toEqual(["over"]);
  under.bytesRead += 1;
  watch.called();
  vi.advanceTimersByTime(1_000);
  expect(exceeded).toEqual(["over"]);
  under.bytesRead += 200;
  vi.advanceTimersByTime(1_000);
  expect(exceeded).toEqual(["over"]);
  under.bytesRead += 1;
  vi.advanceTimersByTime(1_000);
  expect(exceeded).toEqual(["over", "under"]);
});
