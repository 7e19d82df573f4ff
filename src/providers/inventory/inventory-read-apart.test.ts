import type { Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { inventoryReadApart } from "./inventory-read-apart.ts";

const asked = (text: string) => ({
  bytes: Buffer.from(text),
  reading: { format: "yaml" as const, columns: {}, controllers: {} },
  title: "rack.yaml",
});
const limits = { time: 600_000, memory: 2048, quick: 1024 };
const live = new AbortController().signal;
const machines = (count: number): string =>
  Array.from(
    { length: count },
    (_, n) => `- {name: web${n}, serial: S${n}, labels: {rack: r1}}
`,
  ).join("");

test("a large inventory is read in a thread, as a small one is here; this process goes on meanwhile", async () => {
  let turns = 0;
  const turning = setInterval(() => (turns += 1), 1);
  const read = inventoryReadApart(asked(machines(3_000)), live, limits);
  expect((await read).machines).toHaveLength(3_000);
  clearInterval(turning);
  // Reading here lets nothing else run.
  expect(turns).toBeGreaterThan(0);
  const text = machines(30);
  expect(await inventoryReadApart(asked(text), live, limits)).toEqual(
    await inventoryReadApart(asked(text), live, { ...limits, quick: 1 << 20 }),
  );
});

test("what can't be read says why, as it does here", async () => {
  const text = `${machines(100)}- name: [\n`;
  const here = await inventoryReadApart(asked(text), live, { ...limits, quick: 1 << 20 }).catch(
    (error: unknown) => error,
  );
  await expect(inventoryReadApart(asked(text), live, limits)).rejects.toThrow((here as Error).message);
  expect(here).toMatchObject({ code: "unavailable", message: expect.stringMatching(/^rack\.yaml: line 102/u) });
});

test("it is bounded in time and memory, and ends with its caller", async () => {
  await expect(inventoryReadApart(asked(machines(3_000)), live, { ...limits, time: 1 })).rejects.toMatchObject({
    code: "unavailable",
    message: "rack.yaml takes more than 0.001 s to read: is it an inventory?",
  });
  await expect(inventoryReadApart(asked(machines(30_000)), live, { ...limits, memory: 64 })).rejects.toMatchObject({
    code: "unavailable",
    message: "rack.yaml takes more than 64 MiB of memory to read: is it an inventory?",
  });
  const stop = new AbortController();
  const read = inventoryReadApart(asked(machines(3_000)), stop.signal, limits);
  stop.abort(new Error("enough"));
  await expect(read).rejects.toThrow("enough");
});

test("large inventories are read one after the other, and not at all if nobody waits any more", async () => {
  let [running, most, begun] = [0, 0, 0];
  const seen = (worker: Worker): void => {
    begun += 1;
    running += 1;
    most = Math.max(most, running);
    worker.once("exit", () => (running -= 1));
  };
  process.on("worker", seen);
  onTestFinished(() => void process.off("worker", seen));
  const stop = new AbortController();
  const reads = [1, 2, 3].map(() => inventoryReadApart(asked(machines(100)), live, limits));
  const left = inventoryReadApart(asked(machines(100)), stop.signal, limits);
  stop.abort(new Error("enough"));
  await expect(left).rejects.toThrow("enough");
  expect((await Promise.all(reads)).map((listing) => listing.machines.length)).toEqual([100, 100, 100]);
  expect([begun, most]).toEqual([3, 1]);
});
