import { getEventListeners } from "node:events";
import { queryObjects } from "node:v8";
import { expect, test } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { machineId } from "../../database/ids.ts";
import { machineFollower } from "./machine-follower.ts";

const page = {
  changes: [{ machineId: machineId("123e4567-e89b-42d3-a456-426614174000"), deleted: false }],
  cursor: { position: 1n } as never,
  at: new Date(0),
  more: false,
};

test("a watch that waits a thousand times keeps nothing of its waits", async () => {
  const clock = new FakeClock();
  const follower = machineFollower({}, Promise.resolve(), () => undefined);
  const { signal } = new AbortController();
  const promises = (): number => queryObjects(Promise, { format: "count" });
  const before = promises();
  for (let index = 0; index < 1_000; index += 1) {
    const wait = follower.wait(100, clock, signal);
    await clock.advance(100);
    await wait;
  }
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
  expect(promises() - before).toBeLessThan(100);
});

test("a change, the caller's end and the time each end a wait", async () => {
  const clock = new FakeClock();
  const follower = machineFollower({}, Promise.resolve(), () => undefined);
  const call = new AbortController();
  const changed = follower.wait(100, clock, call.signal);
  follower.add(page);
  await changed;
  expect(follower.take()?.changes).toHaveLength(1);
  const timed = follower.wait(100, clock, call.signal);
  await clock.advance(100);
  await timed;
  const ended = follower.wait(100, clock, call.signal);
  call.abort();
  await ended;
  expect(clock.sleepers).toBe(0);
});
