import { expect, test } from "vitest";
import { fetchNext } from "./fetch-next.ts";

test.each([
  ["unavailable", 1, { kind: "again", seconds: 30 }],
  ["unavailable", 2, { kind: "again", seconds: 120 }],
  ["unavailable", 11, { kind: "again", seconds: 86_400 }],
  ["unavailable", 12, { kind: "give-up" }],
  ["broken_off", 1, { kind: "again", seconds: 30 }],
  ["broken_off", 3, { kind: "give-up" }],
  ["forbidden", 1, { kind: "give-up" }],
  ["unproven", 1, { kind: "give-up" }],
  ["unusable", 1, { kind: "give-up" }],
  ["too_large", 1, { kind: "give-up" }],
] as const)("%s, try %i", (code, attempts, expected) => {
  expect(fetchNext(code, attempts)).toEqual(expected);
});
