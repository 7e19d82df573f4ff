import { expect, test } from "vitest";
import { rateMeter } from "./rate.ts";

test("the rate follows the last seconds, and begins again with the count", () => {
  let now = 0;
  const rate = rateMeter({ monotonic: () => now });
  expect(rate(0)).toBeUndefined();
  now = 1_000;
  expect(rate(100)).toBe(100);
  now = 2_000;
  expect(rate(300)).toBe(150);
  for (let second = 3; second <= 20; second += 1) {
    now = second * 1_000;
    expect(rate(300)).toBeLessThanOrEqual(150);
  }
  expect(rate(300)).toBe(0);
  now = 21_000;
  expect(rate(10)).toBeUndefined();
  now = 22_000;
  expect(rate(20)).toBe(10);
});
