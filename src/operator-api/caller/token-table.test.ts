import { expect, test } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { tokenId } from "../../database/ids.ts";
import type { ValidToken } from "../../database/queries/access/tokens-valid.ts";
import { tokenTable } from "./token-table.ts";

const token = (hash: string, validFor?: number): ValidToken => ({
  tokenId: tokenId("123e4567-e89b-42d3-a456-426614174000"),
  name: hash,
  role: "viewer",
  hash,
  ...(validFor === undefined ? {} : { validFor }),
});

function setUp() {
  const clock = new FakeClock();
  const state = { tokens: [token("a")], loads: 0, away: false };
  const table = tokenTable({
    clock,
    load: async () => {
      state.loads += 1;
      if (state.away) {
        throw new Error("the database is away");
      }
      return state.tokens;
    },
  });
  return { clock, state, table };
}

test("it is read once for many who ask at once, and again after a second", async () => {
  const { clock, state, table } = setUp();
  const found = await Promise.all(Array.from({ length: 100 }, () => table.find("a")));
  expect(found.every((one) => one?.name === "a")).toBe(true);
  expect(state.loads).toBe(1);
  state.tokens = [];
  await clock.advance(900);
  expect(await table.find("a")).toBeDefined();
  await clock.advance(200);
  expect(await table.find("a")).toBeUndefined();
  expect(state.loads).toBe(2);
});

test("who is not in it waits for a newer one, at most four times a second for all together", async () => {
  const { clock, state, table } = setUp();
  await table.find("a");
  state.tokens = [token("a"), token("b")];
  expect(await table.find("b")).toBeUndefined();
  await clock.advance(300);
  expect((await table.find("b"))?.name).toBe("b");
  for (let attempt = 0; attempt < 100; attempt += 1) {
    await table.find("c");
  }
  expect(state.loads).toBe(2);
});

test("forget makes it read again at once", async () => {
  const { state, table } = setUp();
  await table.find("a");
  state.tokens = [];
  table.forget();
  expect(await table.find("a")).toBeUndefined();
});

test("a token ends when its time is over, though the table is fresh", async () => {
  const { clock, state, table } = setUp();
  state.tokens = [token("a", 100)];
  expect(await table.find("a")).toBeDefined();
  await clock.advance(150);
  expect(await table.find("a")).toBeUndefined();
});

test("while the database is away, who was known hears of it and strangers learn nothing", async () => {
  const { clock, state, table } = setUp();
  await table.find("a");
  state.away = true;
  await clock.advance(5_000);
  await expect(table.find("a")).rejects.toThrow("away");
  expect(await table.find("b")).toBeUndefined();
  state.away = false;
  expect((await table.find("a"))?.name).toBe("a");
});

test("a read that takes longer than it is fresh for answers all who waited, with one more read for who came later", async () => {
  const clock = new FakeClock();
  let loads = 0;
  const table = tokenTable({
    clock,
    load: async () => {
      loads += 1;
      await clock.sleep(5_000);
      return [token("a")];
    },
  });
  const first = Array.from({ length: 50 }, () => table.find("a"));
  await clock.untilSleeping();
  // It began too long ago for who comes now: all of them share the next.
  await clock.advance(2_000);
  const later = Array.from({ length: 50 }, () => table.find("a"));
  await clock.advance(3_000);
  expect((await Promise.all(first)).every((one) => one?.name === "a")).toBe(true);
  await clock.untilSleeping();
  await clock.advance(5_000);
  expect((await Promise.all(later)).every((one) => one?.name === "a")).toBe(true);
  expect(loads).toBe(2);
});

test("what was being read when a secret was forgotten does not count", async () => {
  const clock = new FakeClock();
  let tokens = [token("a")];
  let release = Promise.withResolvers<void>();
  const table = tokenTable({
    clock,
    load: async () => {
      const answer = tokens;
      await release.promise;
      return answer;
    },
  });
  const before = table.find("a");
  tokens = [];
  table.forget();
  const after = table.find("a");
  release.resolve();
  release = Promise.withResolvers<void>();
  release.resolve();
  expect(await before).toBeDefined();
  expect(await after).toBeUndefined();
});
