// A shepherd that is killed while it stores a list of 10,000 machines: whatever it had stored, the next one goes on from there.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { sessionsExpireTask } from "../../src/janitor/sessions-expire.ts";
import { farrierStart, type FarrierProcess } from "../support/farrier-process.ts";
import { type Fleet, testFleet } from "../support/fleet.ts";
import { waitFor } from "../support/wait.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 });

const machines = 10_000;
let fleet: Fleet;
let folder: string;
beforeAll(async () => {
  fleet = await testFleet();
  folder = await mkdtemp(join(tmpdir(), "farrier-providers-kill-"));
  const mac = (n: number): string =>
    `52:54:00:00:${(n >> 8).toString(16).padStart(2, "0")}:${(n & 255).toString(16).padStart(2, "0")}`;
  const lines = Array.from({ length: machines }, (_, n) => `m${n},S${n},${mac(n)},"rack ${n >> 5}, a",row=${n >> 8}`);
  await writeFile(join(folder, "rack.csv"), `name,serial,macs,location,labels\n${lines.join("\n")}\n`);
  await writeFile(join(folder, "providers.yaml"), "providers:\n  - {name: rack, type: inventory, file: rack.csv}\n");
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await fleet[Symbol.asyncDispose]();
});

const shepherd = (): FarrierProcess =>
  farrierStart(["shepherd", "--database-url", fleet.test.url, "--providers", join(folder, "providers.yaml")]);
const stored = async (): Promise<number> =>
  Number((await fleet.rows<{ count: bigint }>("SELECT count(*) FROM machine_provided"))[0]?.count);

/** Kills a shepherd, and lets its session's time pass at once. */
async function kill(victim: FarrierProcess): Promise<void> {
  await victim.end("SIGKILL");
  await fleet.rows("UPDATE sessions SET session_deadline = now() - interval '1 second'");
  await waitFor("its session to be collected", async () => {
    await sessionsExpireTask(fleet.database).run();
    return (await fleet.rows("SELECT FROM sessions")).length === 0;
  });
}

test("killed while it stores 10,000 machines, again and again: in the end each is there once, whole", async () => {
  for (let kills = 0, before = 0; kills < 3; kills += 1, before = await stored()) {
    const victim = shepherd();
    await waitFor("another batch", async () => (await stored()) > before, { timeoutMs: 120_000, intervalMs: 20 });
    await kill(victim);
  }
  const killed = await stored();
  expect(killed % 500).toBe(0);
  const last = shepherd();
  await waitFor("all machines", async () => (await stored()) === machines, { timeoutMs: 120_000, intervalMs: 100 });
  await waitFor(
    "the end of the list",
    async () => (await fleet.rows("SELECT FROM provider WHERE listed_at IS NOT NULL")).length === 1,
  );
  expect(
    await fleet.rows(
      `SELECT count(*)::integer AS machines, count(DISTINCT name)::integer AS names,
         (SELECT count(*)::integer FROM machine_mac) AS macs,
         (SELECT count(*)::integer FROM history WHERE event = 'machine_added') AS added,
         (SELECT count(*)::integer FROM machine_state WHERE state = 'new') AS states
       FROM machines`,
    ),
  ).toEqual([{ machines, names: machines, macs: machines, added: machines, states: machines }]);
  expect(await fleet.rows("SELECT problems FROM provider")).toEqual([{ problems: [] }]);
  await last.end("SIGTERM");
  expect(killed).toBeLessThanOrEqual(machines);
});
