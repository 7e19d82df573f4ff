import { expect, test } from "vitest";
import { nearestWord } from "./nearest-word.ts";

const words = ["serial", "name", "uuid", "controller", "location"];

test.each([
  ["serail", "serial"],
  ["Serial", "serial"],
  ["contoller", "controller"],
  ["locations", "location"],
  ["nmae", "name"],
  ["owner", undefined],
  ["id", undefined],
  ["", undefined],
  ["x".repeat(100_000), undefined],
])("%s", (word, expected) => {
  expect(nearestWord(word, words)).toBe(expected);
});
