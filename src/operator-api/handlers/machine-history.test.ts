import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { timestampFromDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import { operatorFixture, refusal } from "../testing/operator-fixture.ts";

const { fleet, clients } = await operatorFixture();

test("history by kind, by generation, and from a time on, page by page", async () => {
  const machine = await fleet.add();
  await fleet.request(machine);
  await fleet.cancel(machine);
  await fleet.request(machine);
  const events = async (request: {
    events?: string[];
    actorKinds?: string[];
    generation?: bigint;
    from?: Timestamp;
  }) => {
    const found: string[] = [];
    let pageToken = "";
    do {
      const page = await clients.machines.machineHistory({
        pageSize: 1,
        pageToken,
        machine: machine.machineId,
        ...request,
      });
      found.push(...page.entries.map(({ event, generation }) => `${event} ${generation}`));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    return found;
  };
  expect(await events({})).toHaveLength(5);
  expect(await events({ events: ["installation_requested"] })).toEqual([
    "installation_requested 2",
    "installation_requested 1",
  ]);
  expect(await events({ actorKinds: ["operator"] })).toHaveLength(5);
  expect(await events({ actorKinds: ["agent", "component"] })).toEqual([]);
  expect(await events({ generation: 1n })).toEqual(["installation_cancelled 1", "installation_requested 1"]);
  expect(await events({ generation: 1n, events: ["installation_cancelled", "machine_added"] })).toEqual([
    "installation_cancelled 1",
  ]);
  const [last] = await fleet.rows<{ at: Date }>(
    "SELECT max(at) AS at FROM history WHERE machine_id = $1",
    machine.machineId,
  );
  expect(await events(last === undefined ? {} : { from: timestampFromDate(last.at) })).toContain(
    "installation_requested 2",
  );
  expect(await events({ from: timestampFromDate(new Date("2999-01-01Z")) })).toEqual([]);
});

test.each<[Record<string, unknown>, RegExp]>([
  [{ events: ["machine_eaten"] }, /^events\.0: expected events of history/u],
  [{ actorKinds: ["martian"] }, /^actor_kinds\.0: expected /u],
  [{ generation: -1n }, /^generation: is negative/u],
])("bad input is refused: %#", async (request, message) => {
  expect(await refusal(clients.machines.machineHistory({ machine: randomUUID(), ...request }))).toEqual([
    "InvalidArgument",
    expect.stringMatching(message),
  ]);
});
