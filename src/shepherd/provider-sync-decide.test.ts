import { expect, test } from "vitest";
import { machineId } from "../database/ids.ts";
import type { ProvidedKnown } from "../database/queries/provider/provided.ts";
import { syncDecide } from "./provider-sync-decide.ts";

const known = (providerId: string, more: Partial<ProvidedKnown> = {}): ProvidedKnown => ({
  machineId: machineId("123e4567-e89b-42d3-a456-426614174000"),
  providerId,
  macs: [],
  vanished: false,
  ...more,
});
const mac = "52:54:00:00:00:01";
const other = "52:54:00:00:00:02";

test.each([
  ["nothing anywhere", [], [], { add: [], update: [], vanish: [] }],
  ["a new machine", [{ providerId: "a", macs: [] }], [], { add: ["a"], update: [], vanish: [] }],
  ["the same as before", [{ providerId: "a", macs: [] }], [known("a")], { add: [], update: [], vanish: [] }],
  ["one gone", [], [known("a")], { add: [], update: [], vanish: ["a"] }],
  ["one gone before", [], [known("a", { vanished: true })], { add: [], update: [], vanish: [] }],
  [
    "one back",
    [{ providerId: "a", macs: [] }],
    [known("a", { vanished: true })],
    { add: [], update: ["a"], vanish: [] },
  ],
  [
    "another status",
    [{ providerId: "a", macs: [], status: "on" }],
    [known("a", { status: "off" })],
    { add: [], update: ["a"], vanish: [] },
  ],
  ["other MACs", [{ providerId: "a", macs: [mac] }], [known("a")], { add: [], update: ["a"], vanish: [] }],
  [
    "MACs in another order",
    [{ providerId: "a", macs: [other, mac] }],
    [known("a", { macs: [mac, other] })],
    { add: [], update: [], vanish: [] },
  ],
  ["a name alone", [{ providerId: "a", macs: [], name: "web1" }], [known("a")], { add: [], update: [], vanish: [] }],
])("%s", (_what, listed, before, expected) => {
  const { add, update, vanish } = syncDecide(listed, before);
  expect({
    add: add.map(({ providerId }) => providerId),
    update: update.map(({ machine }) => machine.providerId),
    vanish: vanish.map(({ providerId }) => providerId),
  }).toEqual(expected);
});
