import { expect, test } from "vitest";
import { errorGroups, errorKey, machinesAtATime, runMany, type ManyResult } from "./run-many.ts";

test("eight at a time, each has its result, and what is left after a stop is said", async () => {
  let running = 0;
  let most = 0;
  let sent = 0;
  const told = new Map<number, ManyResult | "sending">();
  const results = await runMany({
    jobs: Array.from({ length: 40 }, (_, index) => index),
    send: async (job) => {
      running += 1;
      sent += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      running -= 1;
      if (job % 5 === 0) {
        throw new Error(`no such disk ${job}`);
      }
      return `generation ${job}`;
    },
    words: (error) => (error as Error).message,
    tell: (index, result) => told.set(index, result),
    stopped: () => sent >= 30,
  });
  expect(most).toBe(machinesAtATime);
  expect(results.filter(({ kind }) => kind === "left")).toHaveLength(10);
  expect(results.filter(({ kind }) => kind === "failed")).toHaveLength(6);
  expect(results[1]).toEqual({ kind: "done", text: "generation 1" });
  expect(told.get(5)).toEqual({ kind: "failed", error: "no such disk 5" });
  expect(told.has(39)).toBe(false);
});

test("the same error of many machines is one group, the greatest first", () => {
  const errors = ["disk 1 is away", "disk 22 is away", "no agent", "disk 3 is away"];
  expect(errorGroups(errors, (error) => error)).toEqual([
    { error: "disk 1 is away", entries: ["disk 1 is away", "disk 22 is away", "disk 3 is away"] },
    { error: "no agent", entries: ["no agent"] },
  ]);
  expect(errorKey("machine 7f9c1a52-3d0e-4c8b-9a41-000000000002: sha256:00ffaa00ffaa00ff differs at 12")).toBe(
    "machine ID: shaN:HEX differs at N",
  );
});
