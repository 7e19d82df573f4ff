import { randomBytes, randomUUID } from "node:crypto";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { link, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLogger } from "../lib/log.ts";
import { runRecordOpen, type RunRecord } from "./run-record.ts";

const log = createLogger({ level: "silent", component: "agent" });
let directory: string;
let machineId: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "runs-"));
  machineId = randomUUID();
});
afterEach(async () => {
  children.splice(0).forEach((child) => child.kill("SIGKILL"));
  await rm(directory, { recursive: true, force: true });
});

const open = (runId: Uint8Array): Promise<RunRecord> => runRecordOpen({ directory, machineId, runId, log });

/** All ended runs that a record names, in order; each is told. */
async function toldAll(record: RunRecord): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for (let run = await record.ended(); run !== undefined; run = await record.ended()) {
    all.push(run);
    await record.told(run);
  }
  return all;
}

/** A process that holds the record of a run, until it is killed. */
async function held(runId: Buffer): Promise<ChildProcess> {
  const source = `
    import { runRecordOpen } from ${JSON.stringify(new URL("run-record.ts", import.meta.url).href)};
    import { createLogger } from ${JSON.stringify(new URL("../lib/log.ts", import.meta.url).href)};
    await runRecordOpen({ directory: ${JSON.stringify(directory)}, machineId: ${JSON.stringify(machineId)},
      runId: Buffer.from("${runId.toString("hex")}", "hex"), log: createLogger({ level: "silent", component: "agent" }) });
    process.stdout.write("held");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await once(child.stdout, "data");
  return child;
}

test("X1: a run knows that the one before it is dead, once its process was killed, and not before", async () => {
  const before = randomBytes(16);
  const child = await held(before);
  const second = randomBytes(16);
  const record = await open(second);
  expect(await record.ended()).toBeUndefined();
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await record.ended()).toEqual(before);
  // Ended in good order it is dead too.
  await record[Symbol.asyncDispose]();
  await using third = await open(randomBytes(16));
  expect(await third.ended()).toEqual(second);
  // Nothing of the runs before is left.
  expect((await readdir(directory)).toSorted()).toHaveLength(2);
});

test("X1: runs that are killed one after the other are all named by the next, until each was told", async () => {
  const runs = [randomBytes(16), randomBytes(16), randomBytes(16)];
  for (const run of runs) {
    const child = await held(run);
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  {
    await using fourth = await open(randomBytes(16));
    expect(await fourth.ended()).toEqual(runs[2]);
    // Asked again before it was told: the same.
    expect(await fourth.ended()).toEqual(runs[2]);
    await fourth.told(runs[2] ?? randomBytes(16));
    expect(await fourth.ended()).toEqual(runs[1]);
  }
  await using fifth = await open(randomBytes(16));
  expect((await toldAll(fifth)).slice(1)).toEqual([runs[1], runs[0]]);
  expect(await fifth.ended()).toBeUndefined();
});

test("X1: whenever runs are killed, the next names every ended run that was not told, and no other", async () => {
  // What a run comes to before it is killed: it names N of the ended runs, and is killed before or after it has
  // noted the last one of them.
  const life = fc.record({ tells: fc.nat({ max: 3 }), notes: fc.boolean(), twin: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 12 }), async (lives) => {
      machineId = randomUUID();
      const untold: string[] = [];
      // Told, but the run was killed before it noted that: told once more.
      const unnoted = new Set<string>();
      for (const { tells, notes, twin } of lives) {
        const runId = randomBytes(16);
        const record = await open(runId);
        if (twin) {
          await using second = await open(randomBytes(16));
          expect(await second.ended()).toBeUndefined();
        }
        for (let told = 0; told < tells; told += 1) {
          const named = await record.ended();
          if (named === undefined) {
            break;
          }
          const hex = Buffer.from(named).toString("hex");
          expect([...untold, ...unnoted]).toContain(hex);
          expect(hex).not.toBe(runId.toString("hex"));
          if (untold.includes(hex)) {
            untold.splice(untold.indexOf(hex), 1);
          }
          unnoted.add(hex);
          if (notes || told + 1 < tells) {
            await record.told(named);
            unnoted.delete(hex);
          }
        }
        await killed(record, runId);
        untold.push(runId.toString("hex"));
      }
      await using last = await open(randomBytes(16));
      const named = (await toldAll(last)).map((run) => Buffer.from(run).toString("hex"));
      expect(named.toSorted()).toEqual([...untold, ...unnoted].toSorted());
    }),
    { numRuns: 40 },
  );
});

/** Ends a run as SIGKILL does: its socket's file stays, and nothing listens. */
async function killed(record: RunRecord, runId: Buffer): Promise<void> {
  const socket = join(directory, `${runId.toString("hex").slice(0, 16)}.sock`);
  await link(socket, `${socket}.kept`);
  await record[Symbol.asyncDispose]();
  await rename(`${socket}.kept`, socket);
}

test("X1: a record keeps the latest 64 ended runs", async () => {
  const runs = Array.from({ length: 70 }, () => randomBytes(16));
  for (const run of runs) {
    await (await open(run))[Symbol.asyncDispose]();
  }
  await using next = await open(randomBytes(16));
  expect(await toldAll(next)).toEqual(runs.slice(-64).toReversed());
});

test.for([
  ["empty", "", 0],
  ["of the version before, with the holder alone", "11111111111111111111111111111111\n", 1],
  ["cut within a line", "11111111111111111111111111111111\n22222222222222222222222222222222\n3333", 2],
  ["with its holder's line damaged", "1111\u0000\n22222222222222222222222222222222\n", 1],
  ["with its runs repeated", "1".repeat(32) + `\n${"2".repeat(32)}`.repeat(3) + `\n${"1".repeat(32)}\n`, 2],
  ["foreign", "-----BEGIN CERTIFICATE-----\nMIIB\n", 0],
  ["endless", "3333333333333333\n".repeat(1 << 16), 0],
] as const)("X1: a record that is %s stops no run", async ([_what, content, named]) => {
  await writeFile(join(directory, `${machineId}.run`), content);
  const run = randomBytes(16);
  {
    await using record = await open(run);
    expect(await toldAll(record)).toHaveLength(named);
  }
  await using next = await open(randomBytes(16));
  expect(await toldAll(next)).toEqual([run]);
});

test("X1: another machine's runs are none of its own", async () => {
  await (await open(randomBytes(16)))[Symbol.asyncDispose]();
  machineId = randomUUID();
  await using other = await open(randomBytes(16));
  expect(await other.ended()).toBeUndefined();
});

test("X1: a folder that can't be used, or a record that is none, costs no more than the knowledge", async () => {
  await writeFile(join(directory, `${machineId}.run`), "nonsense\n");
  await using record = await open(randomBytes(16));
  expect(await record.ended()).toBeUndefined();
  await writeFile(join(directory, "file"), "");
  const options = { directory: join(directory, "file", "below"), machineId, runId: randomBytes(16), log };
  await using none = await runRecordOpen(options);
  expect(await none.ended()).toBeUndefined();
});

test("X1: a run that stopped writing for good lets another one of its host take over; it may come back", async () => {
  const [first, second] = [randomBytes(16), randomBytes(16)];
  await using old = await open(first);
  await using next = await open(second);
  expect(await next.ended()).toBeUndefined();
  await old.release();
  expect(await old.ended()).toBeUndefined();
  expect(await next.ended()).toEqual(first);
  // While the next one lives there is nothing to come back to: it may be telling this moment that the first has ended.
  expect(await old.renew()).toBe(false);
  expect(await old.ended()).toBeUndefined();
  await next[Symbol.asyncDispose]();
  expect(await old.renew()).toBe(true);
  // Of itself it never says that it has ended.
  expect(await toldAll(old)).toEqual([second]);
});

test("X1: a run that released the record, and that nobody replaced, may write again", async () => {
  await using run = await open(randomBytes(16));
  await run.release();
  expect(await run.ended()).toBeUndefined();
  expect(await run.renew()).toBe(true);
  await using next = await open(randomBytes(16));
  expect(await next.ended()).toBeUndefined();
});
