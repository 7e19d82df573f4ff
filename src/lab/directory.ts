import { open, readdir, readFile, rename, rm, chown, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../lib/host/atomic-file.ts";
import { errorCode } from "../lib/errors.ts";
import { makeDirectory } from "../lib/host/make-directory.ts";
import type { UserIds } from "../lib/host/passwd.ts";
import { LabError } from "./errors.ts";
import { type LabMachine, labMachineParse } from "./machine.ts";

// DIRECTORY/NAME/machine.json is Farrier's; DIRECTORY/NAME/qemu/ belongs to QEMU and its user: disks, firmware
// variables, console.log, qemu.log, pid, qmp.

/** The directory in which QEMU works for a machine. */
export function qemuDirectory(directory: string, name: string): string {
  return join(directory, name, "qemu");
}

/** The log file of a machine's serial console. */
export function consoleFile(directory: string, name: string): string {
  return join(qemuDirectory(directory, name), "console.log");
}

/** The file of a disk, within QEMU's directory. */
export function diskFile(index: number): string {
  return `disk${index}.raw`;
}

/**
 * All machines of the lab, by name. A missing directory is an empty lab.
 * @throws {LabError} `definition_invalid`
 */
export async function labMachineList(directory: string): Promise<LabMachine[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") {
      return [];
    }
    throw error;
  });
  const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map(({ name }) => name);
  const machines = await Promise.all(names.map((name) => read(directory, name)));
  return machines
    .filter((machine) => machine !== undefined)
    .toSorted((one, other) => one.name.localeCompare(other.name, "en", { numeric: true }));
}

/** @throws {LabError} `not_found`, `definition_invalid` */
export async function labMachineRead(directory: string, name: string): Promise<LabMachine> {
  const machine = /^[a-z0-9-]{1,40}$/u.test(name) ? await read(directory, name) : undefined;
  if (machine === undefined) {
    throw new LabError("not_found", `there is no lab machine "${name}": \`farrier lab list\` shows all`);
  }
  return machine;
}

async function read(directory: string, name: string): Promise<LabMachine | undefined> {
  const path = join(directory, name, "machine.json");
  try {
    return labMachineParse(await readFile(path, "utf8"), path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}

/**
 * Writes a machine's definition, with empty disks. The machine exists after the last step: an interruption before
 * leaves a directory without a machine, which the next one of that name reuses.
 * @param owner the user of QEMU, if it is not this user
 */
export async function labMachineCreate(
  directory: string,
  machine: LabMachine,
  owner: UserIds | undefined,
): Promise<void> {
  await makeDirectory(directory);
  const qemu = qemuDirectory(directory, machine.name);
  await rm(qemu, { recursive: true, force: true });
  await makeDirectory(qemu);
  for (const [index, disk] of machine.disks.entries()) {
    await using file = await open(join(qemu, diskFile(index)), "wx", 0o600);
    await file.truncate(disk.bytes);
    await give(file, owner);
  }
  if (owner !== undefined) {
    await chown(qemu, owner.uid, owner.gid);
  }
  const text = `${JSON.stringify(machine, undefined, 2)}\n`;
  await writeFileAtomic(join(directory, machine.name, "machine.json"), text, { mode: 0o600 });
}

async function give(file: FileHandle, owner: UserIds | undefined): Promise<void> {
  if (owner !== undefined) {
    await file.chown(owner.uid, owner.gid);
  }
}

/** Deletes a machine with its disks; its first step makes it disappear. It must be off. */
export async function machineDirectoryRemove(directory: string, name: string): Promise<void> {
  const away = join(directory, `.removed-${process.pid}-${name}`);
  await rm(away, { recursive: true, force: true });
  await rename(join(directory, name), away);
  await rm(away, { recursive: true, force: true });
}

/** Makes a new file in QEMU's directory that QEMU may write. */
export async function qemuFileWrite(path: string, content: Uint8Array, owner: UserIds | undefined): Promise<void> {
  await using file = await open(path, "wx", 0o600);
  await file.writeFile(content);
  await give(file, owner);
}
