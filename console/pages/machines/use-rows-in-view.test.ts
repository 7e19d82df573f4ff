import { expect, test } from "vitest";
import { rowsInView } from "./use-rows-in-view.ts";

test.each([
  [0, 900, 36, 2_000, { begin: 0, end: 37 }],
  [36_000, 900, 36, 2_000, { begin: 988, end: 1_037 }],
  [71_100, 900, 36, 2_000, { begin: 1_963, end: 2_000 }],
  [0, 900, 36, 3, { begin: 0, end: 3 }],
  [5_000, 900, 36, 3, { begin: 3, end: 3 }],
])("at %s pixels, %s of them seen, rows of %s, %s in all", (top, seen, height, count, expected) => {
  expect(rowsInView(top, seen, height, count)).toEqual(expected);
});
