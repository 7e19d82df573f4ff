import { expect, test } from "vitest";
import { byteRange } from "./byte-range.ts";

test.for([
  [undefined, "whole"],
  ["bytes=0-9", { first: 0, last: 9 }],
  ["bytes=90-", { first: 90, last: 99 }],
  ["bytes=90-1000", { first: 90, last: 99 }],
  ["bytes=-10", { first: 90, last: 99 }],
  ["bytes=-1000", { first: 0, last: 99 }],
  ["bytes=99-99", { first: 99, last: 99 }],
  ["bytes=100-", "unsatisfiable"],
  ["bytes=100-200", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=9-0", "whole"],
  ["bytes=0-1,5-6", "whole"],
  ["bytes=-", "whole"],
  ["bytes=a-b", "whole"],
  ["lines=0-9", "whole"],
  [`bytes=0-${"9".repeat(400)}`, "whole"],
] as const)("%s of 100 bytes", ([header, range]) => {
  expect(byteRange(header, 100)).toEqual(range);
});

test("nothing of an empty file can be asked for", () => {
  expect(byteRange("bytes=0-", 0)).toBe("unsatisfiable");
  expect(byteRange("bytes=-5", 0)).toBe("unsatisfiable");
});
