import { expect, test } from "vitest";
import { formatSeconds, formatTime } from "./time.ts";

test.each([
  [-5, "0 s"],
  [0.9, "0 s"],
  [59.9, "59 s"],
  [60, "1 min"],
  [3_599, "59 min"],
  [3_600, "1 h"],
  [86_399, "23 h"],
  [86_400 * 400, "400 d"],
])("%d seconds are %s", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

test("a time is ISO 8601 and its age", () => {
  const time = new Date("2026-05-04T03:02:01.987Z");
  expect(formatTime(time, new Date("2026-05-04T03:04:02Z"))).toBe("2026-05-04T03:02:01Z (2 min ago)");
});

test("a time to come says how long it is until then", () => {
  const time = new Date("2026-05-04T03:02:01Z");
  expect(formatTime(time, new Date("2026-05-04T02:01:00Z"))).toBe("2026-05-04T03:02:01Z (in 1 h)");
  // Clocks differ a little: what has just happened is not to come.
  expect(formatTime(time, new Date("2026-05-04T03:02:00.500Z"))).toBe("2026-05-04T03:02:01Z (0 s ago)");
});
