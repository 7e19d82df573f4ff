import { expect, test } from "vitest";
import { callPlaceLimits, callPlaces, TooManyCalls } from "./call-places.ts";

test("an operator's calls run up to its share, then wait in order; another operator's calls run at once", async () => {
  const places = callPlaces();
  const begun: number[] = [];
  const calls = Array.from({ length: callPlaceLimits.running + 3 }, async (_, index) => {
    const done = await places.take("a");
    begun.push(index);
    return done;
  });
  const first = await calls[0];
  await Promise.all(calls.slice(0, callPlaceLimits.running));
  expect(begun).toHaveLength(callPlaceLimits.running);
  (await places.take("b"))();
  expect(begun).toHaveLength(callPlaceLimits.running);
  first?.();
  await calls[callPlaceLimits.running];
  expect(begun.at(-1)).toBe(callPlaceLimits.running);
  for (const done of await Promise.all(calls.slice(1, 4))) {
    done();
  }
  await Promise.all(calls);
  expect(begun).toHaveLength(callPlaceLimits.running + 3);
});

test("calls beyond those that may wait are refused at once, and room that is given up is used again", async () => {
  const places = callPlaces();
  const { running, waiting } = callPlaceLimits;
  const calls = Array.from({ length: running + waiting }, () => places.take("a"));
  await expect(places.take("a")).rejects.toThrow(TooManyCalls);
  (await places.take("b"))();
  (await calls[0])?.();
  const again = places.take("a");
  await expect(places.take("a")).rejects.toThrow(TooManyCalls);
  for (const call of calls.slice(1)) {
    (await call)();
  }
  (await again)();
  (await places.take("a"))();
});
