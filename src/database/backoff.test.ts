import { describe, expect, test } from "vitest";
import { backoffJittered, backoffNext, type BackoffPolicy } from "./backoff.ts";

/** The intervals of failure after failure. */
function intervals(policy: BackoffPolicy, count: number, previous?: number): number[] {
  const seen: number[] = [];
  for (let before = previous; seen.length < count; before = seen.at(-1)) {
    seen.push(backoffNext(policy, before));
  }
  return seen;
}

describe("intervals", () => {
  const table: [string, BackoffPolicy, number | undefined, number[]][] = [
    ["nothing given", {}, undefined, [1, 1, 1]],
    ["no exponent", { initial: 60 }, undefined, [60, 60, 60]],
    [
      "growth to a maximum",
      { initial: 60, exponent: 1.1, maximum: 120 },
      undefined,
      [60, 66, 73, 81, 90, 99, 109, 120, 120],
    ],
    ["on from a previous one", { initial: 60, exponent: 2, maximum: 120 }, 2, [4, 8, 16, 32, 64, 120, 120]],
    ["shrinking", { exponent: 0.2 }, undefined, [1, 1, 1]],
    ["shrinking from far", { initial: 60, exponent: 0.2 }, 100, [20, 4, 1, 1]],
    ["no exponent, whatever the previous", { initial: 7 }, 500, [7, 7]],
    ["an initial over the maximum", { initial: 600, maximum: 120, exponent: 2 }, undefined, [120, 120]],
    ["fractions of a second", { initial: 0.001 }, undefined, [1, 1]],
    ["just over a second", { initial: 1.000_000_001 }, undefined, [2, 2]],
    ["less than a nanosecond over", { initial: 1.000_000_000_1 }, undefined, [1, 1]],
    ["no maximum", { initial: 1, exponent: 10 }, undefined, [1, 10, 100, 1000, 10_000]],
  ];
  for (const [name, policy, previous, expected] of table) {
    test(name, () => expect(intervals(policy, expected.length, previous)).toEqual(expected));
  }

  test("they stay numbers for ever", () => {
    const last = intervals({ initial: 60, exponent: 2 }, 200).at(-1) ?? 0;
    expect(Number.isSafeInteger(last)).toBe(true);
    expect(last).toBe(Math.ceil(Number.MAX_SAFE_INTEGER / 1e9));
  });
});

test("jitter makes the wait longer by up to a tenth", () => {
  expect(backoffJittered(60, () => 0)).toBe(60);
  expect(backoffJittered(60, () => 0.999)).toBeCloseTo(66, 1);
});
