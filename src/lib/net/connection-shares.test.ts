import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connectionShares, type ConnectionShares, type SharedConnection } from "./connection-shares.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

class Connection extends EventEmitter implements SharedConnection {
  readonly remoteAddress: string;
  closed = false;

  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }

  destroy(): void {
    this.closed = true;
    this.emit("close");
  }
}

function enterMany(shares: ConnectionShares, address: string, count: number): Connection[] {
  return Array.from({ length: count }, () => {
    const connection = new Connection(address);
    shares.enter(connection);
    return connection;
  });
}

const openOf = (connections: Connection[]): number => connections.filter(({ closed }) => !closed).length;

test("A6: an address keeps its share of places, and its newest connections", () => {
  const shares = connectionShares({ most: 512, perAddress: 32 });
  const many = enterMany(shares, "192.0.2.1", 520);
  expect(openOf(many)).toBe(32);
  expect(openOf(many.slice(-32))).toBe(32);
  expect(openOf(enterMany(shares, "192.0.2.2", 5))).toBe(5);
  expect(shares.count()).toEqual({ open: 37, unproven: 37 });
});

test("A6: a burst of connections has a moment to prove itself; then the address has its share", () => {
  const shares = connectionShares({ most: 512, perAddress: 32, burst: { perAddress: 256, lasts: 1_000 } });
  const clients = Array.from({ length: 100 }, () => new Connection("192.0.2.1"));
  const places = clients.map((connection) => shares.enter(connection));
  vi.advanceTimersByTime(999);
  expect(openOf(clients)).toBe(100);
  places.slice(0, 60).forEach((place) => place.proven());
  vi.advanceTimersByTime(100);
  expect([openOf(clients.slice(0, 60)), openOf(clients.slice(60))]).toEqual([60, 32]);
  const many = enterMany(shares, "192.0.2.2", 520);
  expect(openOf(many)).toBe(256);
  vi.advanceTimersByTime(1_100);
  expect(openOf(many)).toBe(32);
  many.forEach((connection) => connection.destroy());
});

test("A6: one IPv6 address counts as its whole network", () => {
  const shares = connectionShares({ most: 512, perAddress: 2 });
  const many = ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3", "2001:db8:0:1::4"].flatMap((address) =>
    enterMany(shares, address, 1),
  );
  expect(many.map(({ closed }) => closed)).toEqual([true, false, false, false]);
});

test("A6: proven connections are never closed in favour of others, nor counted as the address's share", () => {
  const shares = connectionShares({ most: 10, perAddress: 4, unprovenFor: 10_000 });
  const proven = Array.from({ length: 6 }, () => new Connection("192.0.2.1"));
  for (const connection of proven) {
    shares.enter(connection).proven();
  }
  for (let address = 1; address < 100; address += 1) {
    enterMany(shares, `192.0.2.${address}`, 10);
  }
  vi.advanceTimersByTime(60_000);
  expect(openOf(proven)).toBe(6);
  expect(shares.count()).toEqual({ open: 6, unproven: 0 });
});

test("A6: where all places are taken, the address that has the most gives one up", () => {
  const shares = connectionShares({ most: 8, perAddress: 6 });
  const few = enterMany(shares, "192.0.2.1", 2);
  const many = enterMany(shares, "192.0.2.2", 6);
  const late = enterMany(shares, "192.0.2.3", 2);
  expect([openOf(few), openOf(many), openOf(late)]).toEqual([2, 4, 2]);
});

test("A6: where all places are proven, a new connection is closed", () => {
  const shares = connectionShares({ most: 2, perAddress: 32 });
  shares.enter(new Connection("192.0.2.1")).proven();
  shares.enter(new Connection("192.0.2.1")).proven();
  const late = new Connection("192.0.2.2");
  shares.enter(late);
  expect(late.closed).toBe(true);
  expect(shares.count()).toEqual({ open: 2, unproven: 0 });
});

test("A6: a connection that does not prove its caller is closed after its time, once more as long with a request", () => {
  const shares = connectionShares({ most: 8, perAddress: 8, unprovenFor: 10_000 });
  const [idle, busy] = [new Connection("192.0.2.1"), new Connection("192.0.2.1")];
  shares.enter(idle);
  const ended = shares.enter(busy).busy();
  vi.advanceTimersByTime(9_999);
  expect([idle.closed, busy.closed]).toEqual([false, false]);
  vi.advanceTimersByTime(1);
  expect([idle.closed, busy.closed]).toEqual([true, false]);
  ended?.();
  vi.advanceTimersByTime(10_000);
  expect(busy.closed).toBe(true);
});

test("A6: an unproven connection has a maximum number of requests, a proven one has none", () => {
  const shares = connectionShares({ most: 8, perAddress: 8, requests: 3 });
  const [guessing, proven] = [new Connection("192.0.2.1"), new Connection("192.0.2.1")];
  const [guess, known] = [shares.enter(guessing), shares.enter(proven)];
  known.proven();
  for (let count = 1; count <= 4; count += 1) {
    expect(guessing.closed).toBe(false);
    expect(guess.busy() === undefined).toBe(count === 4);
    known.busy()?.();
  }
  expect([guessing.closed, proven.closed]).toEqual([true, false]);
});

test("A6: where transfers are not to be broken off, idle connections give their places up, then new ones", () => {
  const shares = connectionShares({ most: 8, perAddress: 2, busyStay: true });
  const [first, second, late] = [new Connection("192.0.2.1"), new Connection("192.0.2.1"), new Connection("192.0.2.1")];
  shares.enter(first).busy();
  const idle = enterMany(shares, "192.0.2.1", 2);
  expect(idle.map(({ closed }) => closed)).toEqual([true, false]);
  idle.at(-1)?.destroy();
  shares.enter(second).busy();
  shares.enter(late);
  expect([first.closed, second.closed, late.closed]).toEqual([false, false, true]);
});

test("A6: a connection that closes leaves its place, and nothing is left of it", () => {
  const shares = connectionShares({ most: 8, perAddress: 8, unprovenFor: 10_000 });
  enterMany(shares, "192.0.2.1", 4).forEach((connection) => connection.destroy());
  expect([shares.count(), vi.getTimerCount()]).toEqual([{ open: 0, unproven: 0 }, 0]);
});
