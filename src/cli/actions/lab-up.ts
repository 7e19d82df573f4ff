import { agentMemoryMiB } from "../../contract/agent-memory.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { dataDirectory } from "../flags/common.ts";
import type { LabShape } from "../../main/options.ts";

/** Flags of `farrier lab up`. */
export interface LabUpFlags extends ClientFlags {
  machines: number;
  namePrefix: string;
  firmware: LabShape["firmware"];
  disk: LabShape["disk"];
  disks: number;
  diskSize: bigint;
  nics: number;
  memory: number;
  cpus: number;
}

/** `farrier lab up` */
export async function labUpAction(this: CliContext, flags: LabUpFlags): Promise<void> {
  const { machines, namePrefix, firmware, disk, disks, nics, memory, cpus } = flags;
  if (disks > 6 || nics > 6) {
    throw new CliError("usage", `--${disks > 6 ? "disks" : "nics"} is more than 6: a lab machine has no room for them`);
  }
  if (memory < agentMemoryMiB) {
    this.process.stderr.write(
      `--memory is ${memory} MiB: an agent needs ${agentMemoryMiB}, so it may not start on these machines\n`,
    );
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
