// What tests start ends with them, also when they are killed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { labMachineCreate } from "../../src/lab/directory.ts";
import { labMachineMake } from "../../src/lab/machine.ts";
import { qemuUser } from "../../src/lab/run-user.ts";
import { qemuMissing } from "./qemu.ts";
import { waitFor } from "./wait.ts";

const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

/** Runs a module's text in a process of its own, waits for its first line, and kills it. @returns that line */
async function killedAfterItsLine(source: string): Promise<string> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const [line] = (await Promise.race([once(child.stdout, "data"), ended.then(() => [""])])) as [Buffer | string];
  child.kill("SIGKILL");
  await ended;
  return line.toString().trim();
}

test("a process that was started with its parent's life ends when that is killed", async (context) => {
  context.skip(!existsSync("/usr/bin/setpriv"), "setpriv is not installed: apt install util-linux");
  const pid = await killedAfterItsLine(`
    import { spawn } from "node:child_process";
    import { withParent } from ${at("with-parent.ts")};
    const [program, ...args] = withParent(["sleep", "1000"]);
    const child = spawn(program, args, { detached: true, stdio: "ignore" });
    child.once("spawn", () => console.log(child.pid));
    setInterval(() => {}, 1000);
  `);
  expect(Number(pid)).toBeGreaterThan(1);
  await waitFor("the process to end", async () => !(await isRunning(pid)));
});

async function isRunning(pid: string): Promise<boolean> {
  return stat(`/proc/${pid}/exe`).then(
    () => true,
    () => false,
  );
}

test(
  "the QEMU machines of a lab whose test is killed are ended, and its folder is removed",
  { timeout: 120_000 },
  async (context) => {
    const missing = await qemuMissing();
    context.skip(missing !== undefined, missing);
    const folder = await mkdtemp(join(tmpdir(), "farrier-guard-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const lab = join(folder, "data", "lab");
    await mkdir(lab, { recursive: true });
    const shape = {
      firmware: "bios",
      disk: "virtio",
      disks: 1,
      diskBytes: 1 << 20,
      nics: 1,
      memoryMiB: 256,
      cpus: 1,
    } as const;
    await labMachineCreate(lab, labMachineMake("left", shape), await qemuUser());
    const said = await killedAfterItsLine(`
    import { readFileSync } from "node:fs";
    import { labGuard } from ${at("lab-guard.ts")};
    import { powerSet } from ${at("../../src/lab/power.ts")};
    import { systemClock } from ${at("../../src/lib/clock.ts")};
    labGuard(${JSON.stringify(folder)}, ${JSON.stringify(join(folder, "data"))});
    await powerSet({ directory: ${JSON.stringify(lab)}, netbootUrl: "http://10.0.2.2:1/", clock: systemClock }, "left", "on");
    console.log(readFileSync(${JSON.stringify(join(lab, "left/pid"))}, "utf8"));
    setInterval(() => {}, 1000);
  `);
    expect(Number(said)).toBeGreaterThan(1);
    await waitFor("QEMU to end", async () => !(await isRunning(said)), { timeoutMs: 60_000 });
    await waitFor("the folder to be removed", () => !existsSync(folder), { timeoutMs: 60_000 });
  },
);
