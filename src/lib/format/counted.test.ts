import { expect, test } from "vitest";
import { counted } from "./counted.ts";

test.each([
  [0, "0 machines"],
  [1, "1 machine"],
  [2, "2 machines"],
])("%i", (number, words) => {
  expect(counted(number, "machine")).toBe(words);
});
