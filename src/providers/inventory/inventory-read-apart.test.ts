import { expect, test } from "vitest";
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
