import { expect, test } from "vitest";
import { patternNames } from "./name-pattern.ts";

const agents = [
  { serialNumber: "S3EV ", macs: ["52:54:00:aa:bb:cc"] },
  { serialNumber: "", macs: [] },
  { serialNumber: "X9", macs: ["52:54:00:aa:bb:dd", "52:54:00:aa:bb:de"] },
];

test.each<[string, number, string[]]>([
  ["web{n}", 1, ["web1", "web2", "web3"]],
  ["rack7-{nn}", 9, ["rack7-09", "rack7-10", "rack7-11"]],
  ["m-{mac}", 1, ["m-525400aabbcc", "m-", "m-525400aabbdd"]],
  ["{serial}.{n}", 1, ["s3ev.1", ".2", "x9.3"]],
])("%s from %d on", (pattern, first, names) => {
  expect(patternNames(pattern, first, agents).map(({ name }) => name)).toEqual(names);
});

test("what is no name, and what several would get, is said", () => {
  expect(patternNames("m-{mac}", 1, agents).map(({ problem }) => problem)).toEqual([
    undefined,
    expect.stringContaining("expected a-z"),
    undefined,
  ]);
  expect(patternNames("same", 1, agents).map(({ problem }) => problem)).toEqual(
    Array(3).fill("several would get this name"),
  );
});
