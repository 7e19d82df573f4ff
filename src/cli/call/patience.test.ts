import { expect, test } from "vitest";
import type { Clock } from "../../lib/clock.ts";
import { CliError } from "../errors.ts";
import { patienceMilliseconds, patiently } from "./patience.ts";

function testClock(): Clock {
  let now = 0;
  return {
    monotonic: () => now,
    sleep: (milliseconds) => {
      now += milliseconds;
      return Promise.resolve();
    },
  };
}

const away = (): Promise<never> => Promise.reject(new CliError("unreachable", "gone"));

test("a control plane that comes back is answered by, with a note at both ends", async () => {
  let tries = 0;
  const notes: string[] = [];
  const call = (): Promise<string> => {
    tries += 1;
    return tries < 5 ? away() : Promise.resolve("answer");
  };
  expect(await patiently(call, testClock(), (text) => notes.push(text))).toBe("answer");
  expect(notes).toEqual(["gone; still trying", "the control plane answers again"]);
});

test("a control plane that stays away is given up after five minutes", async () => {
  const clock = testClock();
  await expect(patiently(away, clock, () => undefined)).rejects.toMatchObject({ code: "unreachable" });
  expect(clock.monotonic()).toBeGreaterThanOrEqual(patienceMilliseconds);
  expect(clock.monotonic()).toBeLessThan(patienceMilliseconds + 10_000);
});

test("any other refusal is not repeated", async () => {
  let tries = 0;
  const call = (): Promise<never> => {
    tries += 1;
    return Promise.reject(new CliError("failed", "refused"));
  };
  await expect(patiently(call, testClock(), () => undefined)).rejects.toMatchObject({ code: "failed" });
  expect(tries).toBe(1);
});
