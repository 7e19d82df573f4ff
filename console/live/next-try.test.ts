import { expect, test } from "vitest";
import { nextTryAfter } from "./next-try.ts";

test("tries are made after 1, 2, 4, 8, 15 and then always 15 seconds", () => {
  expect([1, 2, 3, 4, 5, 6, 60].map(nextTryAfter)).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
});
