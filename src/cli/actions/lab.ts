import { randomUUID } from "node:crypto";
import { operatorAccess } from "../call/access.ts";
import { operatorClient, type OperatorClient } from "../call/client.ts";
import type { LabConsoleFlags, LabListFlags, LabPowerFlags, LabUpFlags } from "../commands/lab.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { dataDirectory, type ClientFlags } from "../line/flags.ts";
import { outputWidth } from "../show/print.ts";
import { bytesText } from "../../lib/format/bytes.ts";
import type { LabMachineSummary } from "../starters.ts";
import { table } from "../show/table.ts";

/** `farrier lab up` */
export async function labUpAction(this: CliContext, flags: LabUpFlags): Promise<void> {
  const { machines, namePrefix, firmware, disk, disks, nics, memory, cpus } = flags;
  if (disks > 6 || nics > 6) {
    throw new CliError("usage", `--${disks > 6 ? "disks" : "nics"} is more than 6: a lab machine has no room for them`);
  }
  const names = await this.starters.lab.up({
    dataDir: dataDirectory(flags, this.process.env),
    names: Array.from({ length: machines }, (_, index) => `${namePrefix}-${index + 1}`),
    shape: { firmware, disk, disks, diskBytes: Number(flags.diskSize), nics, memoryMiB: memory, cpus },
  });
  this.process.stdout.write(names.map((name) => `${name}\n`).join(""));
  if (!(await controlPlaneRuns(flags, this.process.env))) {
    this.process.stderr.write("no control plane manages them: start `farrier up`, which starts an agent on each\n");
  }
}

async function controlPlaneRuns(
  flags: ClientFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  try {
    await (await operatorClient(flags, env)).fleet.fleetSummary({});
    return true;
  } catch {
    // Neither a missing file nor an unreadable one is an error here.
    return false;
  }
}

/** `farrier lab down` */
export async function labDownAction(this: CliContext, flags: ClientFlags, ...names: readonly string[]): Promise<void> {
  const removed = await this.starters.lab.down({ dataDir: dataDirectory(flags, this.process.env), names });
  const client = await operatorAccess(flags, this.process.env).then(
    () => operatorClient(flags, this.process.env),
    () => undefined,
  );
  for (const machine of removed) {
    const left = client === undefined ? "no control plane is known" : await forget(client, machine);
    this.process.stdout.write(`${machine.name}\n`);
    if (left !== undefined) {
      this.process.stderr.write(
        `the control plane still has ${machine.name} (${left}): \`farrier machine delete ${machine.name}\`\n`,
      );
    }
  }
}

/**
 * How often a deletion is tried while a shepherd holds the machine; the shepherd soon notices that the machine is gone.
 */
const tries = 20;

/** Deletes a machine from the control plane. Resolves to the reason if that failed, otherwise to undefined. */
async function forget(
  { machines, installations }: OperatorClient,
  lab: LabMachineSummary,
): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { machine } = await machines.machineShow({ machine: lab.name });
      if (machine?.provided?.providerId !== lab.uuid) {
        return undefined;
      }
      const machineId = machine.id;
      const generation = machine.installation?.generation ?? 0n;
      if (generation > 0n) {
        // If nothing is pending, this is refused and changes nothing.
        await installations
          .installationCancel({ requestId: randomUUID(), machine: machineId, generation, reason: "farrier lab down" })
          .catch(() => undefined);
      }
      await machines.machineDelete({ requestId: randomUUID(), machine: machineId });
      return undefined;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (/there is no machine/u.test(message)) {
        return undefined;
      }
      if (attempt === tries || !/under way/u.test(message)) {
        return message;
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** `farrier lab list` */
export async function labListAction(this: CliContext, flags: LabListFlags): Promise<void> {
  const machines = await this.starters.lab.list({ dataDir: dataDirectory(flags, this.process.env) });
  if (flags.json === true) {
    this.process.stdout.write(`${JSON.stringify(machines, undefined, 2)}\n`);
    return;
  }
  const rows = machines.map((machine) => [
    machine.name,
    machine.power,
    machine.firmware,
    machine.disks.map(({ kind, bytes }) => `${kind} ${bytesText(bytes)}`).join(", "),
    machine.macs.join(" "),
    machine.uuid,
  ]);
  this.process.stdout.write(
    table([{ title: "NAME", whole: true }, "POWER", "FIRMWARE", "DISKS", "MACS", "UUID"], rows, {
      width: outputWidth(this),
    }),
  );
}

/** `farrier lab power` */
export async function labPowerAction(
  this: CliContext,
  flags: LabPowerFlags,
  name: string,
  action: "on" | "off" | "reset",
): Promise<void> {
  await this.starters.lab.power({ dataDir: dataDirectory(flags, this.process.env), name, action, boot: flags.boot });
}

/** `farrier lab console` */
export async function labConsoleAction(this: CliContext, flags: LabConsoleFlags, name: string): Promise<void> {
  await this.starters.lab.console({
    dataDir: dataDirectory(flags, this.process.env),
    name,
    lines: flags.lines,
    follow: flags.follow ?? false,
    write: (text) => this.process.stdout.write(text),
  });
}
