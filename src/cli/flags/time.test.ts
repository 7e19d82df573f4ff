import { expect, test } from "vitest";
import { parseTime } from "./time.ts";

const now = new Date("2026-02-01T00:00:00Z");

test.each([
  ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000Z"],
  ["2026-01-31T12:00:00.5+02:00", "2026-01-31T10:00:00.500Z"],
  ["2026-01-31 12:00", "2026-01-31T12:00:00.000Z"],
  ["2026-01-31", "2026-01-31T00:00:00.000Z"],
  ["2h", "2026-01-31T22:00:00.000Z"],
  ["1d", "2026-01-31T00:00:00.000Z"],
])("%s is a time", (text, iso) => {
  expect(parseTime(text, now).toISOString()).toBe(iso);
});

test.each([
  "2026-02-31",
  "2026-02-29",
  "2026-04-31T12:00:00Z",
  "2026-01-32",
  "",
  "now",
  "2026-13-01",
  "2026",
  "90",
  "0h",
  "-2h",
  "2026-01-31T12:00:00 CET",
])("%o is none", (text) => {
  expect(() => parseTime(text, now)).toThrow("is no time: expected one such as");
});
