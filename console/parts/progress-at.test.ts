import { expect, test } from "vitest";
import { progressBytes, progressForward, progressLeft } from "./progress-at.ts";

const at = new Date("2026-11-30T12:00:00Z");
const later = (milliseconds: number): Date => new Date(at.getTime() + milliseconds);
const reported = { done: 1_000n, total: 10_000n, rate: 1_000, at };

test.each([
  ["at the report", reported, 0, 1_000n],
  ["two seconds later", reported, 2_000, 3_000n],
  ["after five seconds of silence it stops", reported, 60_000, 6_000n],
  ["never past the total", { ...reported, rate: 1_000_000 }, 3_000, 10_000n],
  ["a clock before the report", reported, -5_000, 1_000n],
  ["an unknown total: nothing is assumed", { ...reported, total: 0n }, 2_000, 1_000n],
  ["an unknown rate", { ...reported, rate: 0 }, 2_000, 1_000n],
  ["a rate that makes no sense", { ...reported, rate: -7 }, 2_000, 1_000n],
])("bytes between two reports: %s", (_, progress, passed, bytes) => {
  expect(progressBytes(progress, later(passed))).toBe(bytes);
});

test("what was assumed too much is not taken back within a phase, and is forgotten with it", () => {
  expect(progressForward({ key: "3 writing", bytes: 700n }, "3 writing", 500n)).toBe(700n);
  expect(progressForward({ key: "3 writing", bytes: 700n }, "3 writing", 900n)).toBe(900n);
  expect(progressForward({ key: "3 writing", bytes: 700n }, "3 verifying", 0n)).toBe(0n);
  expect(progressForward(undefined, "3 writing", 5n)).toBe(5n);
});

test("the time left follows from the rate, and is unknown without one", () => {
  expect(progressLeft(reported, 4_000n)).toBe(6_000);
  expect(progressLeft({ ...reported, rate: 0 }, 4_000n)).toBeUndefined();
  expect(progressLeft({ ...reported, total: 0n }, 4_000n)).toBeUndefined();
});
