import { spawn } from "node:child_process";
import { open, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../lib/clock.ts";
import type { UserIds } from "../lib/host/passwd.ts";
import { acceleratorFind } from "./accelerator.ts";
import { type BootDevice, bootDeviceIds, mediumFileName, qemuArguments } from "./command-line.ts";
import { labMachineRead, machineDirectoryRemove, qemuDirectory, qemuFileWrite } from "./directory.ts";
import { LabError } from "./errors.ts";
import type { LabMachine } from "./machine.ts";
import { labMachineLock } from "./machine-lock.ts";
import { labPrograms } from "./programs.ts";
import { pidWrite, processKill, qemuPid } from "./qemu-process.ts";
import { qmpConnect } from "./qmp.ts";
import { qemuUser } from "./run-user.ts";

/** Where a lab is, and what its machines boot from. */
export interface LabPlace {
  directory: string;
  /** The URL that a machine's firmware fetches for a network boot, as the machine sees it. */
  netbootUrl: string;
  clock: Clock;
  /** Called with a line for people about this host, such as why KVM is not used. */
  note?: ((text: string) => void) | undefined;
  /** Aborted while a machine is switched on, the machine is off again. */
  signal?: AbortSignal | undefined;
}

/** The actions of a power switch. `soft-off` presses the power button, which the guest may ignore. */
export type LabPowerAction = "on" | "off" | "reset" | "soft-off" | "nmi";

/** Whether it runs. @throws {LabError} `not_found`, `definition_invalid` */
export async function powerGet(directory: string, name: string): Promise<"on" | "off"> {
  const machine = await labMachineRead(directory, name);
  return (await qemuPid(qemuDirectory(directory, name), machine)) === undefined ? "off" : "on";
}

/**
 * Switches a machine; a machine already in that state is left unchanged. `boot` is valid for one boot: after a reset by
 * the machine itself its firmware decides again.
 * @throws {LabError} `not_found`, `definition_invalid`, `program_missing`, `busy`, `qemu_failed`
 */
export async function powerSet(
  place: LabPlace,
  name: string,
  action: LabPowerAction,
  boot?: BootDevice,
): Promise<void> {
  const { directory, clock } = place;
  await using _held = await labMachineLock(directory, name, clock, place.signal);
  const machine = await labMachineRead(directory, name);
  const qemu = qemuDirectory(directory, name);
  const runs = (await qemuPid(qemu, machine)) !== undefined;
  switch (action) {
    case "on":
      return runs ? undefined : await start(place, machine, boot);
    case "off":
      return runs ? await end(qemu, machine, clock) : undefined;
    case "reset":
      if (runs && boot === undefined) {
        return await reset(qemu);
      }
      // BIOS resets itself once more after a reset, so only after a start is it known which boot is the first.
      await end(qemu, machine, clock);
      return await start(place, machine, boot);
    case "soft-off":
      return runs ? await command(qemu, "system_powerdown") : undefined;
    case "nmi":
      return runs ? await command(qemu, "inject-nmi") : undefined;
  }
}

/** Switches a machine off and deletes it with its disks. @throws as {@link powerSet} */
export async function labMachineRemove({ directory, clock }: LabPlace, name: string): Promise<void> {
  await using _held = await labMachineLock(directory, name, clock);
  const machine = await labMachineRead(directory, name);
  await end(qemuDirectory(directory, name), machine, clock);
  await machineDirectoryRemove(directory, name);
}

async function start(place: LabPlace, machine: LabMachine, boot: BootDevice | undefined): Promise<void> {
  const { directory, netbootUrl, clock } = place;
  const qemu = qemuDirectory(directory, machine.name);
  const user = await qemuUser();
  const programs = await labPrograms(machine.firmware);
  const accelerator = await acceleratorFind(directory, { qemu: programs.qemu, user, clock, note: place.note });
  await rm(join(qemu, "qmp"), { force: true });
  if (programs.ovmf !== undefined && !(await isThere(join(qemu, "variables.fd")))) {
    await qemuFileWrite(join(qemu, "variables.fd"), await readFile(programs.ovmf.variables), user);
  }
  const medium = await isThere(join(qemu, mediumFileName));
  await runDetached(programs.qemu, qemuArguments(machine, { programs, accelerator, boot, netbootUrl, medium }), {
    name: machine.name,
    qemu,
    user,
    clock,
    signal: place.signal,
  });
  if (boot !== undefined && (boot !== "medium" || medium)) {
    // QEMU passed the boot order to the firmware at its first reset, before it accepted commands; from the next reset
    // on there is none.
    await using qmp = await qmpConnect(qemu);
    const path = `/machine/peripheral/${bootDeviceIds[boot]}`;
    await qmp.execute("qom-set", { path, property: "bootindex", value: -1 });
  }
}

/**
 * Starts QEMU so that it outlives this process, and waits until it accepts commands.
 * @throws {LabError} `qemu_failed` with QEMU's own message; `interrupted` when the signal aborts, with QEMU ended
 */
async function runDetached(
  program: string,
  args: readonly string[],
  {
    name,
    qemu,
    user,
    clock,
    signal,
  }: { name: string; qemu: string; user: UserIds | undefined; clock: Clock; signal: AbortSignal | undefined },
): Promise<void> {
  requireUninterrupted(name, signal);
  await using own = await open(qemu, "r");
  await using log = await open(join(qemu, "qemu.log"), "w", 0o600);
  const child = spawn(program, args, {
    ...user,
    cwd: "/",
    // slirp reads nothing from the environment; glibc may.
    env: { PATH: "/usr/bin:/bin" },
    detached: true,
    stdio: ["ignore", log.fd, log.fd, own.fd],
  });
  await pidWrite(qemu, child.pid);
  let ended: string | undefined;
  child.once("error", (error) => (ended = error.message));
  child.once("exit", (code, by) => (ended = `it ended with ${by ?? code}`));
  child.unref();
  const deadline = clock.monotonic() + 20_000;
  for (;;) {
    if (signal?.aborted === true) {
      child.kill("SIGKILL");
      await rm(join(qemu, "qmp"), { force: true });
      requireUninterrupted(name, signal);
    }
    try {
      await using _qmp = await qmpConnect(qemu);
      return;
    } catch (error) {
      if (ended !== undefined || clock.monotonic() > deadline) {
        child.kill("SIGKILL");
        const words = (await readFile(join(qemu, "qemu.log"), "utf8")).trim().slice(-1000);
        throw new LabError(
          "qemu_failed",
          `QEMU did not start (${ended ?? "no answer within 20 s"}); it said: ${words === "" ? "nothing" : words}`,
          { cause: error },
        );
      }
    }
    await clock.sleep(20);
  }
}

function requireUninterrupted(name: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new LabError("interrupted", `switching ${name} on was interrupted, and it is off`);
  }
}

/** A power cut: the guest is not shut down. */
async function end(qemu: string, machine: LabMachine, clock: Clock): Promise<void> {
  const pid = await qemuPid(qemu, machine);
  if (pid === undefined) {
    return;
  }
  if (!(await processKill(pid, { clock, milliseconds: 10_000 }))) {
    throw new LabError("qemu_failed", `QEMU (process ${pid}) does not end, though it was killed: is its disk stuck?`);
  }
  await rm(join(qemu, "qmp"), { force: true });
}

async function command(qemu: string, name: string): Promise<void> {
  await using qmp = await qmpConnect(qemu);
  await qmp.execute(name);
}

async function reset(qemu: string): Promise<void> {
  await using qmp = await qmpConnect(qemu);
  await Promise.all([qmp.execute("system_reset"), qmp.event("RESET")]);
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
