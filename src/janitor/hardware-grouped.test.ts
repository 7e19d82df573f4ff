import { expect, test } from "vitest";
import { hardwareAdd, hardwareGrouped, noHardware } from "./hardware-grouped.ts";

const machine = { ...noHardware(), reports: 1, cores: 4 };

test("the largest groups are apart, the others together, and nothing is lost", () => {
  const grouped = hardwareGrouped({ apart: 4, stored: 3 });
  for (const [location, machines] of [
    ["a", 1],
    ["b", 3],
    ["c", 2],
    ["d", 1],
    ["e", 5],
  ] as const) {
    for (let index = 0; index < machines; index += 1) {
      hardwareAdd(grouped.of("static", location), machine);
    }
  }
  expect(grouped.groups().map(({ location, others, totals }) => [location, others, totals.reports])).toEqual([
    ["b", false, 3],
    ["c", false, 2],
    // "e" came too late to be counted apart; "a" and "d" are the smallest.
    ["", true, 7],
  ]);
});

test("where there is room for all, nothing is put together", () => {
  const grouped = hardwareGrouped({ apart: 4, stored: 2 });
  hardwareAdd(grouped.of("static", ""), machine);
  hardwareAdd(grouped.of("lab", ""), machine);
  expect(grouped.groups().map(({ provider, others }) => [provider, others])).toEqual([
    ["static", false],
    ["lab", false],
  ]);
});
