import { expect, test } from "vitest";
import { requestBudget } from "./request-budget.ts";

/** A clock that stands still until it is told otherwise. */
function standing(): { monotonic: () => number; sleep: () => Promise<void>; pass: (milliseconds: number) => void } {
  let now = 0;
  return { monotonic: () => now, sleep: () => Promise.resolve(), pass: (milliseconds) => (now += milliseconds) };
}

test("A9: however many strangers ask, machines that are known are answered, and every machine gets the first script", () => {
  const budget = requestBudget(standing());
  budget.know("192.0.2.1");
  const flood = Array.from({ length: 5_000 }, (_, index) => `198.51.${index >> 8}.${index & 255}`);
  const answered = flood.filter((address) => budget.allow(address, "machine"));
  expect(answered.length).toBeLessThan(1_000);
  expect(answered.length).toBeGreaterThan(100);
  for (const resource of ["boot", "machine", "image", "config"] as const) {
    expect([resource, budget.allow("192.0.2.1", resource)]).toEqual([resource, true]);
  }
  expect(budget.allow("192.0.2.2", "boot")).toBe(true);
  expect(budget.allow("192.0.2.2", "machine")).toBe(false);
});

test("A9: an address that is known for an hour is a stranger's again", () => {
  const clock = standing();
  const budget = requestBudget(clock);
  const flood = (): number =>
    Array.from({ length: 5_000 }, (_, index) => budget.allow(`198.51.${index >> 8}.${index & 255}`, "image")).length;
  budget.know("192.0.2.1");
  flood();
  expect(budget.allow("192.0.2.1", "machine")).toBe(true);
  clock.pass(3_600_001);
  flood();
  expect(budget.allow("192.0.2.1", "machine")).toBe(false);
});

test("one address asks no more often for being known", () => {
  const budget = requestBudget(standing());
  budget.know("192.0.2.1");
  const answered = Array.from({ length: 1_000 }, () => budget.allow("192.0.2.1", "machine")).filter(Boolean);
  expect(answered).toHaveLength(400);
});
