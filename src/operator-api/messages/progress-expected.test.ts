import { expect, test } from "vitest";
import { progressExpectedAt } from "./progress-expected.ts";

const at = new Date("2026-01-01T00:00:00Z");

test.each([
  ["half of it in a minute", 50n, 100n, 50 / 60, new Date("2026-01-01T00:01:00Z")],
  ["all is there", 100n, 100n, 5, at],
  ["without a rate", 50n, 100n, undefined, undefined],
  ["standing still", 50n, 100n, 0, undefined],
  ["of an unknown total", 50n, 0n, 5, undefined],
  ["more than there is", 101n, 100n, 5, undefined],
  ["in more than a month", 0n, 2n ** 62n, 1, undefined],
])("%s", (_what, bytesDone, bytesTotal, bytesPerSecond, expected) => {
  const rate = bytesPerSecond === undefined ? {} : { bytesPerSecond };
  expect(progressExpectedAt({ bytesDone, bytesTotal, ...rate, at })).toEqual(expected);
});
