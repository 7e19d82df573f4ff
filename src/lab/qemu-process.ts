import { access, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../lib/clock.ts";
import type { LabMachine } from "./machine.ts";

/** Beside QEMU's directory, so that no file of QEMU's user decides which process is signalled. */
const pidFile = (qemuDirectory: string): string => join(dirname(qemuDirectory), "pid");

/** Stores the process that runs a machine. */
export async function pidWrite(qemuDirectory: string, pid: number | undefined): Promise<void> {
  await writeFile(pidFile(qemuDirectory), `${pid ?? 0}\n`);
}

/**
 * The process id of the QEMU that runs this machine; undefined if none does. A process is identified by its command
 * line, which has the machine's UUID, so that a reused id does no harm. If the stored process is gone and a socket
 * exists, either QEMU was killed, or Farrier was before it stored the id: then all processes are searched.
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
    // It has ended.
    return false;
  }
}

/** The relevant parts of a process' status. */
interface ProcessStat {
  /** proc_pid_stat(5): Z and X are remains of an ended process. */
  state: string;
  /** In clock ticks since the host's start: a later process with the same id has another value. */
  started: string;
}

async function processStat(pid: number): Promise<ProcessStat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The second field is the program's name, which may contain anything.
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields === undefined ? undefined : { state: fields[0] ?? "", started: fields[19] ?? "" };
}

/**
 * Kills a process, and waits up to `milliseconds` until all of its threads have ended. Its files are closed and its
 * locks released only with its last thread, after its command line and even its first thread are gone.
 * @returns false if a thread is still there
 */
export async function processKill(
  pid: number,
  { clock, milliseconds }: { clock: Clock; milliseconds: number },
): Promise<boolean> {
  const before = await processStat(pid);
  if (before === undefined) {
    return true;
  }
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself meanwhile, which the following code notices.
  }
  const deadline = clock.monotonic() + milliseconds;
  for (;;) {
    const now = await processStat(pid);
    const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
    const over = now === undefined || now.started !== before.started;
    if (over || (/^[ZX]$/u.test(now.state) && threads.length <= 1)) {
      return true;
    }
    if (clock.monotonic() > deadline) {
      return false;
    }
    await clock.sleep(20);
  }
}
