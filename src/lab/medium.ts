import { chown, copyFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { describeError } from "../lib/errors.ts";
import type { Clock } from "../lib/clock.ts";
import { mediumFileName } from "./command-line.ts";
import { labMachineRead, qemuDirectory } from "./directory.ts";
import { LabError } from "./errors.ts";
import { labMachineLock } from "./machine-lock.ts";
import { qemuPid } from "./qemu-process.ts";
import { qmpConnect } from "./qmp.ts";
import { qemuUser } from "./run-user.ts";

/** Where a machine is. */
interface MediumPlace {
  /** The lab's directory. */
  directory: string;
  clock: Clock;
}

/**
 * Puts a copy of this file into a machine's drive. The machine must be off, because it gets its drive when
 * it is started.
 * @throws {LabError} `not_found`, `busy`, `qemu_failed`
 */
export async function mediumInsert({ directory, clock }: MediumPlace, name: string, file: string): Promise<void> {
  await using _held = await labMachineLock(directory, name, clock);
  const machine = await labMachineRead(directory, name);
  const qemu = qemuDirectory(directory, name);
  if ((await qemuPid(qemu, machine)) !== undefined) {
    throw new LabError(
      "busy",
      `${name} is on, and takes a medium only while it is off: \`farrier lab power ${name} off\``,
    );
  }
  const path = join(qemu, mediumFileName);
  const partial = `${path}.partial`;
  try {
    await copyFile(file, partial);
  } catch (error) {
    throw new LabError("not_found", `the medium ${file} can't be read: ${describeError(error)}`, { cause: error });
  }
  const user = await qemuUser();
  if (user !== undefined) {
    await chown(partial, user.uid, user.gid);
  }
  await rename(partial, path);
}

/** Empties a machine's drive, whether it is on or off. @throws {LabError} `not_found`, `qemu_failed` */
export async function mediumEject({ directory, clock }: MediumPlace, name: string): Promise<void> {
  await using _held = await labMachineLock(directory, name, clock);
  const machine = await labMachineRead(directory, name);
  const qemu = qemuDirectory(directory, name);
  if ((await qemuPid(qemu, machine)) !== undefined && (await mediumIsThere(qemu))) {
    await using qmp = await qmpConnect(qemu);
    await qmp.execute("eject", { device: "medium", force: true });
  }
  await rm(join(qemu, mediumFileName), { force: true });
}

/** Whether a medium is in the drive of the machine that QEMU runs in this directory. */
export function mediumIsThere(qemu: string): Promise<boolean> {
  return stat(join(qemu, mediumFileName)).then(
    () => true,
    () => false,
  );
}
