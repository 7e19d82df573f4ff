import { expect, test } from "vitest";
import { createRateWatch } from "./rate-watch.ts";

test("A11: a window's end says whether enough bytes came in it, and the next one begins anew", () => {
  const watch = createRateWatch(1000, 50);
  const tenths = Array.from({ length: 10 }, () => watch(1, 100));
  expect(tenths).toEqual([...Array<undefined>(9).fill(undefined), { bytes: 10, enough: false }]);
  expect([watch(50, 999), watch(0, 1)]).toEqual([undefined, { bytes: 50, enough: true }]);
  expect([watch(0, 500), watch(49, 500)]).toEqual([undefined, { bytes: 49, enough: false }]);
});

test("A11: what comes without waiting takes no time", () => {
  const watch = createRateWatch(1000, 50);
  expect(Array.from({ length: 100 }, () => watch(1, 0)).every((over) => over === undefined)).toBe(true);
});
