import { expect, test } from "vitest";
import { agentKey, machineId } from "../ids.ts";
import { heartbeatPlaces, type Placed } from "./heartbeat-places.ts";
import { keyIdentity } from "./key-identity.ts";

const id = (n: number): string => `123e4567-e89b-42d3-a456-${String(n).padStart(12, "0")}`;

/** An entry of machine n, with that key and caller. */
function entry(
  n: number,
  {
    key = "a",
    connection = {},
    known = false,
    bytes = 0,
  }: { key?: string; connection?: object; known?: boolean; bytes?: number } = {},
): Placed {
  return {
    item: {
      entry: {
        machineId: machineId(id(n)),
        publicKey: agentKey(Buffer.alloc(32)),
        ...(bytes === 0 ? {} : { hardware: { raw: Buffer.alloc(bytes), fingerprint: Buffer.alloc(32) } }),
      },
      keyIdentity: keyIdentity(Buffer.from(key)),
    },
    caller: { connection, known },
  };
}

/** Enters what has a place, and says how many had. */
function enter(places: ReturnType<typeof heartbeatPlaces<Placed>>, entries: Placed[]): number {
  const taken = entries.filter((each) => {
    const free = places.free(each);
    if (free) {
      places.enter(each);
    }
    return free;
  });
  return taken.length;
}

const make = (maximumWaiting = 100, maximumBytes = 1 << 20): ReturnType<typeof heartbeatPlaces<Placed>> =>
  heartbeatPlaces<Placed>({ maximumWaiting, maximumBytes });
const many = (count: number, one: (n: number) => Placed): Placed[] => Array.from({ length: count }, (_, n) => one(n));

test("A2: at most two entries wait per machine and key, from any caller; another key has its own two", () => {
  const places = make();
  expect(
    enter(
      places,
      many(50, () => entry(1, { known: true })),
    ),
  ).toBe(2);
  expect(
    enter(
      places,
      many(50, () => entry(1, { key: "b", known: true })),
    ),
  ).toBe(2);
  expect(places.count()).toBe(4);
});

test("A2: of callers that are not known: four per connection, a tenth in all; agents have the rest", () => {
  const places = make();
  const one = {};
  expect(
    enter(
      places,
      many(50, (n) => entry(n, { connection: one })),
    ),
  ).toBe(4);
  expect(
    enter(
      places,
      many(50, (n) => entry(100 + n)),
    ),
  ).toBe(6);
  expect(
    enter(
      places,
      many(200, (n) => entry(1_000 + n, { known: true })),
    ),
  ).toBe(90);
});

test("A2: what has left is free again, for strangers too", () => {
  const places = make();
  const one = {};
  const entries = many(4, (n) => entry(n, { connection: one }));
  expect(enter(places, entries)).toBe(4);
  expect(places.free(entry(9, { connection: one }))).toBe(false);
  entries.forEach((each) => places.leave(each));
  expect(places.count()).toBe(0);
  expect(
    enter(
      places,
      many(50, (n) => entry(n, { connection: one })),
    ),
  ).toBe(4);
  expect(
    enter(
      places,
      many(50, () => entry(1, { known: true })),
    ),
  ).toBe(1);
});

test("A2: the queue is bounded in bytes", () => {
  const places = make(10_000, 1_000_000);
  const large = (n: number): Placed => entry(n, { known: true, bytes: 300_000 });
  expect(enter(places, many(100, large))).toBe(3);
  expect(
    enter(
      places,
      many(100, (n) => entry(1_000 + n, { known: true })),
    ),
  ).toBe(100);
});
