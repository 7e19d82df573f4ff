import { expect, test } from "vitest";
import { ageWords, fullTimeWords } from "./time-words.ts";

const at = new Date("2026-10-25T00:30:00Z");
const minutes = (count: number): Date => new Date(at.getTime() + count * 60_000);

test.each([
  [0, "now"],
  [5, "5 min ago"],
  [-5, "in 5 min"],
  [180, "3 h ago"],
])("%d minutes later it is said to be %s", (passed, words) => {
  expect(ageWords(at, minutes(passed))).toBe(words);
});

test("ages in the night in which summer time ends, or begins, are what has passed", () => {
  // In Berlin 2:30 comes twice in this night.
  expect(ageWords(minutes(0), minutes(60))).toBe("1 h ago");
  const spring = new Date("2026-03-29T00:30:00Z");
  // There, 1:30 is followed by 3:30.
  expect(ageWords(spring, new Date("2026-03-29T01:30:00Z"))).toBe("1 h ago");
});

test("the full time has UTC first, to the second", () => {
  expect(fullTimeWords(at).split("\n")[0]).toBe("2026-10-25 00:30:00 UTC");
});
