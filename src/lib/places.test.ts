import { expect, test } from "vitest";
import { Places } from "./places.ts";

const live = new AbortController().signal;

/** An action that lasts until its `end` is called. */
function held(log: string[], name: string) {
  const end = Promise.withResolvers<void>();
  return {
    end: () => end.resolve(),
    action: async (): Promise<string> => {
      log.push(`${name} begins`);
      await end.promise;
      log.push(`${name} ends`);
      return name;
    },
  };
}

test("who finds no place waits for one, in the order of asking", async () => {
  const places = new Places(2);
  const log: string[] = [];
  const all = ["a", "b", "c", "d"].map((name) => held(log, name));
  const done = all.map(({ action }) => places.within(live, action));
  all.forEach(({ end }) => end());
  expect(await Promise.all(done)).toEqual(["a", "b", "c", "d"]);
  expect(log.filter((line) => line.endsWith("begins"))).toEqual(["a begins", "b begins", "c begins", "d begins"]);
  expect(log.indexOf("c begins")).toBeGreaterThan(log.indexOf("a ends"));
});

test("a call that fails gives its place back, a call that is aborted does not take another's place", async () => {
  const places = new Places(1);
  await expect(places.within(live, () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  const log: string[] = [];
  const first = held(log, "first");
  const running = places.within(live, first.action);
  const going = new AbortController();
  const gone = places.within(going.signal, () => Promise.resolve("gone"));
  const stays = places.within(live, () => Promise.resolve("stays"));
  going.abort(new Error("the caller has gone"));
  await expect(gone).rejects.toThrow("the caller has gone");
  first.end();
  expect(await running).toBe("first");
  expect(await stays).toBe("stays");
});

test("a call that is aborted just as its turn comes takes no other call out of the line", async () => {
  const places = new Places(1);
  const log: string[] = [];
  const first = held(log, "first");
  const running = places.within(live, first.action);
  const going = new AbortController();
  const second = places.within(going.signal, () => {
    going.signal.throwIfAborted();
    return Promise.resolve("second");
  });
  const third = places.within(live, () => Promise.resolve("third"));
  first.end();
  await running.then(() => going.abort(new Error("gone")));
  await second.catch(() => {});
  expect(await third).toBe("third");
});
