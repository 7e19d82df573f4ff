import { expect, test } from "vitest";
import { addressNetwork } from "../lib/net/address-limit.ts";
import { transferPlaces, type TransferPlaces } from "./transfer-places.ts";

/** Takes up to `count` places; returns those that there were. */
const taken = (places: TransferPlaces, caller: string, kind: "machine" | "address", count: number): Disposable[] =>
  Array.from({ length: count }, () => places.take(caller, kind)).filter((place) => place !== undefined);

test("callers without a ticket share the places of their network, and leave others' alone", () => {
  const places = transferPlaces();
  const own = ["2001:db8:1:2::1", "2001:db8:1:2::2"].map((address) =>
    taken(places, addressNetwork(address), "address", 40),
  );
  expect(own.map(({ length }) => length)).toEqual([40, 24]);
  expect(taken(places, addressNetwork("2001:db8:1:3::1"), "address", 1)).toHaveLength(1);
  own[0]?.[0]?.[Symbol.dispose]();
  expect(taken(places, addressNetwork("2001:db8:1:2::3"), "address", 2)).toHaveLength(1);
});

test("callers without a ticket, from however many networks, leave half of the places to machines", () => {
  const places = transferPlaces();
  const strangers = Array.from({ length: 10 }, (_, n) =>
    taken(places, addressNetwork(`198.51.100.${n}`), "address", 64),
  );
  expect(strangers.flat()).toHaveLength(256);
  const machines = Array.from({ length: 100 }, (_, n) => taken(places, `machine ${n}`, "machine", 5));
  expect(machines.flat()).toHaveLength(256);
  expect(machines.slice(0, 64).every(({ length }) => length === 4)).toBe(true);
  strangers[0]?.[0]?.[Symbol.dispose]();
  expect(taken(places, "machine 99", "machine", 2)).toHaveLength(1);
});
