// A shepherd that is killed while it starts an agent: whatever it had done, the next one goes on from there.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { prng } from "../../src/lib/prng.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { labMachineCreate, qemuDirectory } from "../../src/lab/directory.ts";
import { type LabMachine, labMachineMake } from "../../src/lab/machine.ts";
import { labMachineRemove } from "../../src/lab/power.ts";
import { qemuPid } from "../../src/lab/qemu-process.ts";
import { qemuUser } from "../../src/lab/run-user.ts";
import { sessionsExpireTask } from "../../src/janitor/sessions-expire.ts";
import { farrierStart, type FarrierProcess } from "../support/farrier-process.ts";
import { type Fleet, testFleet } from "../support/fleet.ts";
import { qemuMissing } from "../support/qemu.ts";
import { waitFor } from "../support/wait.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let fleet: Fleet;
let directory: string;
let machine: LabMachine;
let missing: string | undefined;
const place = () => ({ directory, netbootUrl: "http://10.0.2.2:9/boot.ipxe", clock: systemClock });

beforeAll(async () => {
  missing = await qemuMissing();
  fleet = await testFleet();
  directory = join(await mkdtemp(join(tmpdir(), "farrier-shepherd-kill-")), "lab");
  machine = labMachineMake("lab-1", {
    ...{ firmware: "bios", disk: "virtio", disks: 1, diskBytes: 1 << 20 },
    ...{ nics: 1, memoryMiB: 256, cpus: 1 },
  });
  await labMachineCreate(directory, machine, await qemuUser());
});
afterAll(async () => {
  await labMachineRemove(place(), machine.name);
  await rm(join(directory, ".."), { recursive: true, force: true });
  await fleet[Symbol.asyncDispose]();
});

const shepherd = (): FarrierProcess =>
  farrierStart(["shepherd", "--database-url", fleet.test.url, "--lab", directory, "--netboot", "127.0.0.1:9"]);

/** Kills a shepherd, and lets its session's time pass at once. */
async function kill(victim: FarrierProcess): Promise<void> {
  await victim.end("SIGKILL");
  await fleet.rows("UPDATE sessions SET session_deadline = now() - interval '1 second'");
  // What it had sent off may be under way in the database still: until that has ended its session is not collected.
  await waitFor("its session to be collected", async () => {
    await sessionsExpireTask(fleet.database).run();
    return (await fleet.rows("SELECT FROM sessions WHERE session_component = 'shepherd'")).length === 0;
  });
}

const events = async (): Promise<string[]> =>
  (await fleet.rows<{ event: string }>("SELECT event FROM history ORDER BY at, id")).map(({ event }) => event);
const pid = () => qemuPid(qemuDirectory(directory, machine.name), machine);

test("killed in mid-work: the next shepherd waits for the machine that is on its way, without another boot", async (context) => {
  context.skip(missing !== undefined, missing);
  const first = shepherd();
  const running = await waitFor("the machine to be on", pid, { timeoutMs: 120_000, intervalMs: 20 });
  await kill(first);
  expect(await fleet.rows("SELECT FROM work")).toEqual([]);
  const second = shepherd();
  const claims = async () => (await events()).filter((event) => event === "work_claimed").length;
  await waitFor("the second to take it up", async () => (await claims()) === 2, { timeoutMs: 120_000, intervalMs: 50 });
  await waitFor("it to be waited for", async () => (await fleet.rows("SELECT FROM work")).length === 1);
  await second.end("SIGTERM");
  expect(await pid()).toBe(running);
  expect((await events()).filter((event) => event === "boot_window_opened")).toHaveLength(1);
});

test("killed at random moments: each time the machine is taken up again, and held by one at most", async (context) => {
  context.skip(missing !== undefined, missing);
  const random = prng("shepherds");
  await fleet.rows("DELETE FROM machine_boot_window");
  for (let round = 1; round <= 5; round += 1) {
    const before = (await events()).length;
    const victim = shepherd();
    // Claim, power off and window: afterwards it waits.
    const after = random.integer(1, 2);
    await waitFor(`${after} steps of round ${round}`, async () => (await events()).length >= before + after, {
      timeoutMs: 120_000,
      intervalMs: 5,
    });
    await kill(victim);
    expect(await fleet.rows("SELECT FROM work")).toEqual([]);
    await fleet.rows("DELETE FROM work_backoff");
    await fleet.rows("DELETE FROM machine_boot_window");
  }
  const last = shepherd();
  await waitFor("a start to its wait", async () => (await fleet.rows("SELECT FROM machine_boot_window")).length === 1, {
    timeoutMs: 120_000,
  });
  await waitFor("the machine to be on", async () => (await pid()) !== undefined);
  await last.end("SIGTERM");
});
