import { expect, test } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { failedAttempts } from "./failed-attempts.ts";

const allowed = (attempts: ReturnType<typeof failedAttempts>, address: string, times: number): number =>
  Array.from({ length: times }, () => attempts.allow(address)).filter(Boolean).length;

test("an address may fail twenty times at once, then once a second", async () => {
  const clock = new FakeClock();
  const attempts = failedAttempts(clock);
  expect(allowed(attempts, "192.0.2.1", 50)).toBe(20);
  expect(allowed(attempts, "192.0.2.2", 1)).toBe(1);
  await clock.advance(3_000);
  expect(allowed(attempts, "192.0.2.1", 50)).toBe(3);
});

test.each([
  ["2001:db8::1", "2001:db8:0:0:ffff::2", true],
  ["2001:db8:1::1", "2001:db8:2::1", false],
  ["::ffff:192.0.2.1", "::ffff:192.0.2.2", false],
  ["fe80::1%eth0", "fe80::2%eth0", true],
])("%s and %s count together: %s", (one, other, same) => {
  const attempts = failedAttempts(new FakeClock());
  allowed(attempts, one, 20);
  expect(attempts.allow(other)).toBe(!same);
});

test("all addresses together are limited, and so is the memory for them", () => {
  const attempts = failedAttempts(new FakeClock(), 100);
  const total = Array.from({ length: 1_000 }, (_, index) => attempts.allow(`192.0.2.${index}`)).filter(Boolean);
  expect(total).toHaveLength(500);
});

test("calls within the process are not limited", () => {
  expect(allowed(failedAttempts(new FakeClock()), "", 1_000)).toBe(1_000);
});
