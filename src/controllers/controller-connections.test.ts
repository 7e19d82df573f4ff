import { expect, test } from "vitest";
import { ControllerConnections } from "./controller-connections.ts";

test("as many as there are places, then first come, first served", async () => {
  const seen: number[] = [];
  const places = new ControllerConnections(2, (open) => seen.push(open));
  const begun: string[] = [];
  await places.take();
  await places.take();
  const waiting = ["third", "fourth"].map((name) => places.take().then(() => begun.push(name)));
  expect(places.open).toBe(2);
  places.give();
  await waiting[0];
  expect(begun).toEqual(["third"]);
  places.give();
  await waiting[1];
  expect(begun).toEqual(["third", "fourth"]);
  places.give();
  places.give();
  expect(places.open).toBe(0);
  expect(seen).toEqual([1, 2, 1, 0]);
});

test("while somebody waits, the connection that is idle longest is closed, and no more than are needed", async () => {
  const places = new ControllerConnections(2);
  const closed: string[] = [];
  const idle = (name: string): object => {
    const connection = { name };
    places.idle(connection, () => {
      closed.push(name);
      places.give();
    });
    return connection;
  };
  await places.take();
  await places.take();
  idle("first");
  const second = idle("second");
  expect(closed).toEqual([]);
  await places.take();
  expect(closed).toEqual(["first"]);
  places.busy(second);
  const waiting = places.take();
  expect(closed).toEqual(["first"]);
  // It becomes idle while somebody waits.
  idle("second");
  await waiting;
  expect(closed).toEqual(["first", "second"]);
  expect(places.open).toBe(2);
});

test("a place is given back after a failure", async () => {
  const places = new ControllerConnections(1);
  await expect(places.within(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await places.within(() => Promise.resolve(places.open))).toBe(1);
  expect(places.open).toBe(0);
});
