import { randomBytes, randomUUID } from "node:crypto";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  const first = randomBytes(16);
  await using old = await open(first);
  await using next = await open(randomBytes(16));
  expect(await next.ended()).toBeUndefined();
  await old.release();
  expect(await next.ended()).toEqual(first);
  // While the next one lives there is nothing to come back to.
  await old.renew();
  expect(await old.ended()).toBeUndefined();
});
