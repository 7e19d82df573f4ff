import { expect, test } from "vitest";
import { parseSize } from "./parse-size.ts";

test.each([
  ["0", 0n],
  ["512", 512n],
  ["512B", 512n],
  ["1k", 1_000n],
  ["1KiB", 1_024n],
  ["500G", 500_000_000_000n],
  ["500gb", 500_000_000_000n],
  ["4Gi", 4_294_967_296n],
  ["1.5M", 1_500_000n],
  ["0.25Ki", 256n],
  ["9P", 9_000_000_000_000_000n],
])("%s", (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(["", "-1", "1E", "x", "1 G", "1e3", "G", "1..5", "0x10", "i", "1i", "99999999P"])("%j is refused", (text) => {
  expect(() => parseSize(text)).toThrow(RangeError);
});
