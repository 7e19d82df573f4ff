import { expect, test } from "vitest";
import { fairPlaces } from "./fair-places.ts";

const never = new AbortController().signal;

test("one caller's hundred do not delay another one: it has places of its own, and they take turns", async () => {
  const places = fairPlaces({ all: 3, each: 2 });
  const begun: string[] = [];
  const take = async (caller: string) => {
    const done = await places.take(caller, never);
    begun.push(caller);
    return done;
  };
  const many = Array.from({ length: 100 }, () => take("a"));
  const few = [take("b"), take("b"), take("c")];
  await few[0];
  expect(begun).toEqual(["a", "a", "b"]);
  (await many[0])?.();
  await few[2];
  (await many[1])?.();
  await many[2];
  (await few[0])?.();
  await few[1];
  expect(begun).toEqual(["a", "a", "b", "c", "a", "b"]);
});

test("who hangs up waits no more, and leaves nothing", async () => {
  const places = fairPlaces({ all: 1, each: 1 });
  const done = await places.take("a", never);
  const end = new AbortController();
  const left = Array.from({ length: 3 }, () => places.take("a", end.signal));
  const stays = places.take("a", never);
  end.abort(new Error("gone"));
  for (const one of left) {
    await expect(one).rejects.toThrow("gone");
  }
  await expect(places.take("b", end.signal)).rejects.toThrow("gone");
  done();
  (await stays)();
  (await places.take("b", never))();
});
