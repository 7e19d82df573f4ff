import { access, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../lib/clock.ts";
import type { LabMachine } from "./machine.ts";

/** Beside QEMU's directory: nothing that its user may write decides whom we signal. */
const pidFile = (qemuDirectory: string): string => join(dirname(qemuDirectory), "pid");

/** Notes down the process that runs a machine. */
export async function pidWrite(qemuDirectory: string, pid: number | undefined): Promise<void> {
  await writeFile(pidFile(qemuDirectory), `${pid ?? 0}\n`);
}

/**
 * The process id of the QEMU that runs this machine; undefined where none does. Whose a process is its command line says,
 * which has the machine's UUID, so that an id that is another process's by now misleads nobody. Where the noted one is gone
 * and a socket is there, QEMU was killed or Farrier was before it noted it down: then all processes are looked at.
 */
export async function qemuPid(qemuDirectory: string, { uuid }: LabMachine): Promise<number | undefined> {
  const text = await readFile(pidFile(qemuDirectory), "utf8").catch(() => "");
  const noted = Number(/^\d{1,10}\n$/u.test(text) ? text : "0");
  if (noted > 1 && (await isQemuOf(noted, uuid))) {
    return noted;
  }
  const mayRun = await access(join(qemuDirectory, "qmp")).then(
    () => true,
    () => false,
  );
  for (const pid of mayRun ? (await readdir("/proc")).filter((name) => /^\d+$/u.test(name)) : []) {
    if (await isQemuOf(Number(pid), uuid)) {
      return Number(pid);
    }
  }
  return undefined;
}

async function isQemuOf(pid: number, uuid: string): Promise<boolean> {
  try {
    // A zombie has no command line any more.
    const words = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0");
    return words.indexOf("-uuid") > 0 && words[words.indexOf("-uuid") + 1] === uuid;
  } catch {
    // Gone.
    return false;
  }
}

/** Waits until the machine's QEMU is gone. False where it is there still after so many milliseconds. */
export async function qemuGone(
  qemuDirectory: string,
  machine: LabMachine,
  { clock, milliseconds }: { clock: Clock; milliseconds: number },
): Promise<boolean> {
  const deadline = clock.monotonic() + milliseconds;
  while ((await qemuPid(qemuDirectory, machine)) !== undefined) {
    if (clock.monotonic() > deadline) {
      return false;
    }
    await clock.sleep(20);
  }
  return true;
}
