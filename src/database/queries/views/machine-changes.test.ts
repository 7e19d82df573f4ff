import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { command, heldConnection, operator, testFleet, type Fleet } from "../../../../test/support/fleet.ts";
import {
  changesPosition,
  isSnapshot,
  machineChanges,
  type ChangeCursor,
  type MachineChange,
} from "./machine-changes.ts";
import { machineDelete } from "../machine/machine-delete.ts";
import { machineUpdate } from "../machine/machine-update.ts";

let fleet: Fleet;
let at: ChangeCursor;
beforeAll(async () => {
  fleet = await testFleet({ connections: 8 });
});
afterAll(() => fleet[Symbol.asyncDispose]());
beforeEach(async () => {
  at = (await changesPosition(fleet.database)).now;
});

/** All changes after the cursor, which moves on. */
async function changes(limit = 100): Promise<MachineChange[]> {
  const found: MachineChange[] = [];
  for (;;) {
    const page = await machineChanges(fleet.database, at, limit);
    found.push(...page.changes);
    at = page.cursor;
    if (!page.more) {
      return found;
    }
  }
}

const changed = async () => (await changes()).map(({ machineId, deleted }) => `${deleted ? "-" : ""}${machineId}`);

test("what is done to a machine is a change, whether its state is another for it or not; a heartbeat is none", async () => {
  const machine = await fleet.add();
  const id = machine.machineId;
  expect(await changed()).toEqual([id]);
  const update = (setLabels: Record<string, string>, name?: string) =>
    machineUpdate(fleet.database, {
      ...command(machine, "machine_update"),
      actor: operator,
      ...(name === undefined ? {} : { name }),
      setLabels,
      removeLabels: [],
    });
  const beat = () =>
    fleet.rows(
      `INSERT INTO machine_agent_heartbeat (machine_id, agent_heartbeat_at, heartbeat_bucket)
       VALUES ($1, now(), floor(extract(epoch FROM now()) / 300)::integer)
       ON CONFLICT (machine_id) DO UPDATE SET agent_heartbeat_at = now(), heartbeat_bucket = excluded.heartbeat_bucket`,
      id,
    );
  const progress = (phase: string, bytes: number) =>
    fleet.rows(
      `INSERT INTO machine_os_installation_progress (machine_id, generation, run, phase, bytes_done, bytes_total, detail)
       VALUES ($1, 1, '\\x00', $2, $3, 0, '')
       ON CONFLICT (machine_id) DO UPDATE SET phase = excluded.phase, bytes_done = excluded.bytes_done`,
      id,
      phase,
      bytes,
    );
  const steps: [() => Promise<unknown>, boolean][] = [
    [() => update({ rack: "7" }), true],
    [() => update({}, "box"), true],
    [beat, true],
    [beat, false],
    [() => fleet.request(machine), true],
    [() => fleet.request(machine, { replace: 1n }), true],
    [() => progress("selecting-disk", 0), true],
    [() => progress("writing", 0), true],
    [() => progress("writing", 4096), false],
    [() => fleet.cancel(machine), true],
  ];
  for (const [index, [step, is]] of steps.entries()) {
    await step();
    expect([index, await changed()]).toEqual([index, is ? [id] : []]);
  }
  await machineDelete(fleet.database, { ...command(machine, "machine_delete"), actor: operator });
  expect(await changed()).toEqual([`-${id}`]);
});

test("of a transaction that began first and commits last nothing is lost, and it holds up no other", async () => {
  const [early, late] = [await fleet.add(), await fleet.add()];
  await changed();
  await using held = await heldConnection(fleet.test);
  await held.query("BEGIN");
  await held.query('UPDATE machines SET labels = \'{"a": "b"}\' WHERE machine_id = $1', [early.machineId]);
  await fleet.request(late);
  expect(await changed()).toEqual([late.machineId]);
  expect(await changed()).toEqual([]);
  await held.query("COMMIT");
  expect(await changed()).toEqual([early.machineId]);
  expect(await changed()).toEqual([]);
});

test("from the start on all machines come, page by page; deleted ones only if they went since", async () => {
  const [gone, going] = [await fleet.add(), await fleet.add()];
  await machineDelete(fleet.database, { ...command(gone, "machine_delete"), actor: operator });
  const { start } = await changesPosition(fleet.database);
  at = start;
  const [first] = await changes(1);
  expect(first?.deleted).toBe(false);
  await machineDelete(fleet.database, { ...command(going, "machine_delete"), actor: operator });
  at = start;
  const found = await changes(2);
  const ids = await fleet.rows<{ machine_id: string }>("SELECT machine_id FROM machines");
  expect(
    found
      .filter(({ deleted }) => !deleted)
      .map(({ machineId }) => machineId)
      .toSorted(),
  ).toEqual(ids.map(({ machine_id }) => machine_id).toSorted());
  expect(found.filter(({ deleted }) => deleted).map(({ machineId }) => machineId)).toEqual([going.machineId]);
});

test("a reader beside many writers hears of the last change of every machine", async () => {
  const machines = await Promise.all(Array.from({ length: 10 }, () => fleet.add()));
  await changed();
  const heard = new Map<string, string>();
  let writing = true;
  const reading = (async () => {
    // The last look begins when all have written.
    for (let last = false; !last;) {
      last = !writing;
      for (const { machineId } of await changes(3)) {
        const [row] = await fleet.rows<{ n: string }>(
          "SELECT labels ->> 'n' AS n FROM machines WHERE machine_id = $1",
          machineId,
        );
        heard.set(machineId, row?.n ?? "");
      }
    }
  })();
  await Promise.all(
    machines.map(async (machine) => {
      for (let n = 1; n <= 20; n += 1) {
        await machineUpdate(fleet.database, {
          ...command(machine, "machine_update"),
          actor: operator,
          setLabels: { n: String(n) },
          removeLabels: [],
        });
      }
    }),
  );
  writing = false;
  await reading;
  expect(machines.map(({ machineId }) => heard.get(machineId))).toEqual(machines.map(() => "20"));
});

test("a page that was begun is gone on with, though machines change meanwhile: the rest of it, then those", async () => {
  const machines = await Promise.all(Array.from({ length: 6 }, () => fleet.add({ agent: false })));
  const ids = machines.map(({ machineId }) => machineId);
  const first = await machineChanges(fleet.database, at, 4);
  expect([first.changes.length, first.more]).toEqual([4, true]);
  at = first.cursor;
  const [told] = first.changes;
  await fleet.rows('UPDATE machines SET labels = \'{"x": "y"}\' WHERE machine_id = $1', told?.machineId);
  const second = await machineChanges(fleet.database, at, 4);
  expect([second.changes.length, second.more]).toEqual([2, false]);
  expect([...first.changes, ...second.changes].map(({ machineId }) => machineId).toSorted()).toEqual(ids.toSorted());
  at = second.cursor;
  expect(await changed()).toEqual([told?.machineId]);
});

describe("a snapshot's text", () => {
  test.each([
    ["1:1:", true],
    ["10:20:", true],
    ["10:20:10,15,19", true],
    ["10:20:9", false],
    ["10:20:20", false],
    ["20:10:", false],
    ["0:1:", false],
    ["10:20", false],
    ["10:20:,", false],
    ["", false],
    ["a:b:", false],
  ])("%s is one: %s", async (text, is) => {
    expect(isSnapshot(text)).toBe(is);
    const read = fleet.rows("SELECT $1::text::pg_snapshot", text).then(
      () => true,
      (error: unknown) => /invalid input syntax/u.test(String(error)) && false,
    );
    expect(await read).toBe(is);
  });
});
