import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { StoredCredential } from "../../../gen/farrier/operator/v1/credential_pb.ts";
import { agentMemoryMiB } from "../../contract/agent-memory.ts";
import type { LabProtocol, LabShape } from "../../main/options.ts";
import { type OperatorClient, operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { dataDirectory } from "../flags/common.ts";
import { labControllerCommands, labCredential } from "../show/lab-controller-commands.ts";
import { typedProgram } from "../show/typed-program.ts";

/** Flags of `farrier lab up`. */
export interface LabUpFlags extends ClientFlags {
  machines: number;
  namePrefix: string;
  controller: LabProtocol | undefined;
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
  const { machines, namePrefix, controller, firmware, disk, disks, nics, memory, cpus } = flags;
  if (disks > 6 || nics > 6) {
    throw new CliError("usage", `--${disks > 6 ? "disks" : "nics"} is more than 6: a lab machine has no room for them`);
  }
  if (memory < agentMemoryMiB) {
    this.process.stderr.write(
      `--memory is ${memory} MiB: an agent needs ${agentMemoryMiB}, so it may not start on these machines\n`,
    );
  }
  const dataDir = dataDirectory(flags, this.process.env);
  const names = await this.starters.lab.up({
    dataDir,
    names: Array.from({ length: machines }, (_, index) => `${namePrefix}-${index + 1}`),
    shape: { firmware, disk, disks, diskBytes: Number(flags.diskSize), nics, memoryMiB: memory, cpus },
    controller,
  });
  const client = await controlPlane(flags, this.process.env);
  if (controller === undefined) {
    this.process.stdout.write(names.map((name) => `${name}\n`).join(""));
  } else {
    const found = await this.starters.lab.controllers({ dataDir, names });
    const stored = client === undefined ? undefined : await credentialStored(client);
    this.process.stderr.write(`to make ${names.join(", ")} known to the control plane, each by its controller:\n`);
    this.process.stdout.write(
      labControllerCommands(found, { program: typedProgram(this.process.env), flags, credentialAt: stored })
        .map((command) => `${command}\n`)
        .join(""),
    );
  }
  if (client === undefined) {
    this.process.stderr.write(
      controller === undefined
        ? "no control plane manages them: start `farrier up`, which starts an agent on each\n"
        : "no control plane runs: start `farrier up` first\n",
    );
  }
}

/** When the lab's credential was stored last; undefined if it was not, or if this operator may not see it. */
async function credentialStored({ credentials }: OperatorClient): Promise<Date | undefined> {
  const { credentials: all } = await credentials
    .credentialList({ pageSize: 1000 })
    .catch(() => ({ credentials: [] as StoredCredential[] }));
  const found = all.find(({ name }) => name === labCredential);
  const at = found?.rotatedAt ?? found?.createdAt;
  return at === undefined ? undefined : timestampDate(at);
}

/** A control plane that answers; undefined if there is none. */
async function controlPlane(
  flags: ClientFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<OperatorClient | undefined> {
  try {
    const client = await operatorClient(flags, env);
    await client.fleet.fleetSummary({});
    return client;
  } catch {
    // Neither a missing file nor an unreadable one is an error here.
    return undefined;
  }
}
