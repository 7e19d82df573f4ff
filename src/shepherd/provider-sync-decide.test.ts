import { expect, test } from "vitest";
import { machineId } from "../database/ids.ts";
import type { ProvidedKnown } from "../database/queries/provider/provided.ts";
import type { ProvidedMachine } from "./provider.ts";
import { syncDecide } from "./provider-sync-decide.ts";

const known = (providerId: string, more: Partial<ProvidedKnown> = {}): ProvidedKnown => ({
  machineId: machineId("123e4567-e89b-42d3-a456-426614174000"),
  providerId,
  macs: [],
  vanished: false,
  own: { macs: more.macs ?? [] },
  ...more,
});
const mac = "52:54:00:00:00:01";
const other = "52:54:00:00:00:02";
const uuid = "4c4c4544-0051-3510-8052-b4c04f4a3132";
const otherUuid = "4c4c4544-0051-3510-8052-b4c04f4a3133";

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
  ["a name", [{ providerId: "a", macs: [], name: "web1" }], [known("a")], { add: [], update: ["a"], vanish: [] }],
  [
    "another id, the same MAC",
    [{ providerId: "b", macs: [mac] }],
    [known("a", { macs: [mac] })],
    { add: [], update: ["b"], vanish: [] },
  ],
  [
    "another id, the same MAC, another UUID",
    [{ providerId: "b", macs: [mac], smbiosUuid: uuid }],
    [known("a", { macs: [mac], smbiosUuid: otherUuid })],
    { add: ["b"], update: [], vanish: ["a"] },
  ],
  [
    "an id that went to the next machine",
    [
      { providerId: "a", macs: [other] },
      { providerId: "b", macs: [mac] },
    ],
    [known("a", { macs: [mac] }), known("b", { macs: [other] })],
    { add: [], update: ["a", "b"], vanish: [] },
  ],
])("%s", (_what, listed, before, expected) => {
  const { add, update, vanish } = syncDecide(listed, before);
  expect({
    add: add.map(({ providerId }) => providerId),
    update: update.map(({ change }) => change.listed.providerId),
    vanish: vanish.map(({ providerId }) => providerId),
  }).toEqual(expected);
});

const changeOf = (machine: ProvidedMachine, before: ProvidedKnown) => syncDecide([machine], [before]).update[0]?.change;

test("only what the list changed is changed: what the machine has from elsewhere stays", () => {
  const before = known("a", {
    macs: [mac],
    labels: { rack: "a1", row: "2" },
    own: { name: "mine", macs: [mac, other] },
  });
  expect(changeOf({ providerId: "a", macs: [], name: "web1", labels: { rack: "a2" } }, before)).toMatchObject({
    addMacs: [],
    removeMacs: [mac],
    setLabels: { rack: "a2" },
    removeLabels: ["row"],
  });
  expect(changeOf({ providerId: "a", macs: [mac, other], name: "web1" }, before)?.addMacs).toEqual([]);
});

test("a machine is renamed with its list only while it has the name that was listed", () => {
  const named = (own: string | undefined, listed: string | undefined) =>
    changeOf(
      { providerId: "a", macs: [], name: "web2" },
      known("a", {
        ...(listed === undefined ? {} : { name: listed }),
        own: { ...(own === undefined ? {} : { name: own }), macs: [] },
      }),
    )?.name;
  expect(named(undefined, undefined)).toBe("web2");
  expect(named("web1", "web1")).toBe("web2");
  expect(named("operators-name", "web1")).toBeUndefined();
  expect(named("operators-name", undefined)).toBeUndefined();
});

test("another UUID, or none of the MACs, is another machine in its place", () => {
  const changed = (machine: Partial<ProvidedMachine>, before: Partial<ProvidedKnown>) =>
    syncDecide([{ providerId: "a", macs: [], ...machine }], [known("a", before)]).changed.length;
  expect(changed({ smbiosUuid: uuid }, { smbiosUuid: otherUuid })).toBe(1);
  expect(changed({ macs: [mac] }, { macs: [other] })).toBe(1);
  expect(changed({ macs: [mac, other] }, { macs: [other] })).toBe(0);
  expect(changed({ macs: [mac] }, {})).toBe(0);
  expect(changed({}, { macs: [mac], smbiosUuid: uuid })).toBe(0);
});
