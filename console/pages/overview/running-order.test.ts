import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { InstallationEntrySchema } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { runningOrder } from "./running-order.ts";

const entry = (machineName: string, bytesPerSecond: number) =>
  create(InstallationEntrySchema, { machineName, installation: { progress: { bytesPerSecond } } });
const shown = (rates: readonly number[], most: number): string[] =>
  runningOrder(
    rates.map((rate, index) => entry(`m${index}`, rate)),
    most,
  ).map(({ entry: { machineName }, mark = "" }) => `${machineName} ${mark}`.trim());

test.each([
  ["none", [], 4, []],
  ["two can't be compared", [5, 3], 4, ["m1", "m0"]],
  ["the slowest first, those without a rate last", [0, 9, 3, 5], 4, ["m2 slowest", "m3", "m1 fastest", "m0"]],
  ["of many, both ends", [1, 2, 3, 4, 5, 6, 7], 4, ["m0 slowest", "m1", "m5", "m6 fastest"]],
])("%s", (_what, rates, most, expected) => {
  expect(shown(rates, most)).toEqual(expected);
});
