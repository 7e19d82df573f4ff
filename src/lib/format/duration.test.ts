import { expect, test } from "vitest";
import { durationText } from "./duration.ts";

test.each([
  [-5, 2, "0 s"],
  [999, 2, "0 s"],
  [42_000, 1, "42 s"],
  [125 * 60_000, 2, "2 h 5 min"],
  [125 * 60_000, 1, "2 h"],
  [86_400_000 + 60_000, 2, "1 d"],
  [12 * 86_400_000 + 3_600_000, 2, "12 d 1 h"],
  [3 * 60_000 + 7_000, 2, "3 min 7 s"],
])("%s ms in %s parts are %s", (milliseconds, parts, text) => {
  expect(durationText(milliseconds, parts)).toBe(text);
});
