import { expect, test } from "vitest";
import { waitFor } from "../support/wait.ts";
import { memoryLevel, memorySample } from "./memory.ts";

test("growth is that of the last third over the middle one; the beginning does not count", () => {
  expect(memoryLevel([1, 2, 3, 10, 10, 10, 12, 12, 12])).toEqual({ middle: 10, last: 12, growth: expect.closeTo(0.2) });
  expect(memoryLevel([50, 50, 10, 10, 10, 10, 10]).growth).toBe(0);
});

test("samples this process's memory", async () => {
  using samples = memorySample(process.pid);
  const [first] = await waitFor("a sample", () => (samples.megabytes.length > 0 ? samples.megabytes : undefined));
  const now = process.memoryUsage.rss() / 1e6;
  expect(Math.abs((first ?? 0) - now) / now).toBeLessThan(0.5);
});
