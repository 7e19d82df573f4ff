import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { MachineSchema, MachineState, type Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { drift, driftWords } from "./drift.ts";
import { listView } from "./list-address.ts";

const machine = (name: string, state: MachineState = MachineState.READY, since = 1_000): Machine =>
  create(MachineSchema, { id: `id-${name}`, name, standing: { state, since: timestampFromMs(since) } });
const changes = (...machines: Machine[]) => new Map(machines.map((one) => [one.id, one]));
const [a, b, c] = [machine("a"), machine("b"), machine("c")];
const byName = listView(new URLSearchParams());

test("a change that leaves the order as it is moves nothing", () => {
  const changed = changes(machine("b", MachineState.INSTALLING, 9_000));
  expect(driftWords(drift({ view: byName, rows: [a, b, c], changed, complete: true }))).toBe("");
});

test("a row that would stand elsewhere is marked, where it would not it isn't", () => {
  const view = listView(new URLSearchParams("order=since"));
  const rows = [machine("a", 3, 1), machine("b", 3, 2), machine("c", 3, 3)];
  const moved = drift({ view, rows, changed: changes(machine("a", 5, 9), machine("c", 5, 9)), complete: true });
  expect([...moved.moved]).toEqual(["id-a"]);
});

test("a row that the filter no longer matches is said, and a deleted one", () => {
  const view = listView(new URLSearchParams("state=ready"));
  const changed = new Map<string, Machine | undefined>([
    [a.id, machine("a", MachineState.INSTALLING)],
    [b.id, undefined],
  ]);
  const found = drift({ view, rows: [a, b, c], changed, complete: true });
  expect(driftWords(found)).toBe("2 no longer in this list");
});

test("a machine that would be in the list is new, beyond the last page it is not", () => {
  const changed = changes(machine("b2"), machine("z"));
  expect(drift({ view: byName, rows: [a, b, c], changed, complete: true }).added).toBe(2);
  expect(drift({ view: byName, rows: [a, b, c], changed, complete: false }).added).toBe(1);
  const filtered = listView(new URLSearchParams("state=quarantined"));
  expect(drift({ view: filtered, rows: [], changed, complete: true }).added).toBe(0);
});
