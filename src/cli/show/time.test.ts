import { expect, test } from "vitest";
import { formatTime } from "./time.ts";

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
