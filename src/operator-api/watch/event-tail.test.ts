import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { testFleet, type Fleet } from "../../../test/support/fleet.ts";
import { waitFor } from "../../../test/support/wait.ts";
import type { Database } from "../../database/connect.ts";
import type { EventPage } from "../../database/queries/event/event-page.ts";
import { eventFollower } from "./event-follower.ts";
import { eventTail } from "./event-tail.ts";

let fleet: Fleet;
beforeAll(async () => {
  fleet = await testFleet();
});
afterAll(() => fleet[Symbol.asyncDispose]());

const noWait = { next: () => ({ wait: async () => undefined }), [Symbol.asyncDispose]: async () => undefined };

/** The database, with the number of statements that were answered. */
function counted(): { database: Database; answered: () => number } {
  let answered = 0;
  const kysely = fleet.database.kysely.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      answered += 1;
      return result;
    },
  });
  return { database: { ...fleet.database, kysely }, answered: () => answered };
}

test("all followers share one reader, which rests between two reads in however busy a fleet", async () => {
  const clock = new FakeClock();
  const { database, answered } = counted();
  const tail = eventTail({ database, feed: noWait, clock });
  using first = tail.follow(new Set(["machine_added"]));
  using second = tail.follow(new Set(["machine_added", "installation_requested"]));
  await first.ready;
  const machine = await fleet.add();
  await fleet.request(machine);
  await clock.untilSleeping();
  // Where it begins, and what it found there.
  expect(answered()).toBe(2);
  await clock.advance(249);
  expect([answered(), clock.nextIn]).toEqual([2, 1]);
  const kinds = (page: EventPage | "overflow" | undefined) =>
    typeof page === "object" ? page.events.map(({ event }) => event) : [];
  const seen: string[][] = [[], []];
  await waitFor("both events", async () => {
    await clock.advance(250);
    seen[0]?.push(...kinds(first.take()));
    seen[1]?.push(...kinds(second.take()));
    return seen[1]?.length === 2;
  });
  expect(seen).toEqual([["machine_added"], ["machine_added", "installation_requested"]]);
});

test("the reader ends with its last follower, and another one begins with the next", async () => {
  const clock = new FakeClock();
  const { database, answered } = counted();
  const tail = eventTail({ database, feed: noWait, clock });
  {
    using only = tail.follow(new Set(["machine_added"]));
    await only.ready;
    await clock.untilSleeping();
  }
  await waitFor("the reader's end", () => clock.sleepers === 0);
  const before = answered();
  using next = tail.follow(new Set(["machine_added"]));
  await next.ready;
  expect(answered()).toBeGreaterThan(before);
});

test("what is too much for a follower is left to the database", () => {
  const follower = eventFollower(new Set(["machine_added"]), Promise.resolve(), () => undefined);
  const page = (from: number, count: number): EventPage => ({
    events: Array.from({ length: count }, (_, number) => ({
      ...{ id: BigInt(from + number), xact: 1n, at: new Date(0), machineId: "" as never, event: "machine_added" },
      ...{ actor: { kind: "system", name: "test" }, detail: {} },
    })),
    cursor: { xact: 1n, id: BigInt(from + count - 1) },
    more: false,
  });
  follower.add(page(1, 500));
  expect(follower.take()).toMatchObject({ cursor: { id: 500n } });
  expect(follower.take()).toBeUndefined();
  follower.add(page(501, 300));
  follower.add(page(801, 300));
  follower.add(page(1_101, 1));
  expect(follower.take()).toBe("overflow");
  follower.add(page(1_102, 1));
  expect(follower.take()).toMatchObject({ events: [{ id: 1_102n }] });
});
