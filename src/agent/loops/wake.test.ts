import { expect, test } from "vitest";
import { systemClock } from "../../lib/clock.ts";
import { createWaker } from "./wake.ts";

const hour = 3_600_000;

test("a sleeper is woken, also before it sleeps, and once", async () => {
  const controller = new AbortController();
  const waker = createWaker(systemClock, controller.signal);
  const sleeping = waker.sleep(hour);
  waker.wake();
  await sleeping;
  waker.wake();
  await waker.sleep(hour);
  const again = waker.sleep(hour);
  controller.abort(new Error("stop"));
  await expect(again).rejects.toThrow("stop");
  await expect(waker.sleep(1)).rejects.toThrow("stop");
});

test("a sleep that is not to be cut short keeps the waking for the next", async () => {
  const waker = createWaker(systemClock, new AbortController().signal);
  const sleeping = waker.sleepThrough(1);
  waker.wake();
  await sleeping;
  await waker.sleep(hour);
});
