import { randomUUID } from "node:crypto";
import { operatorAccess } from "../call/access.ts";
import { operatorClient, type OperatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { dataDirectory } from "../flags/common.ts";
import type { LabMachineSummary } from "../../main/options.ts";

/** Flags of `farrier lab down`. */
export type LabDownFlags = ClientFlags;

/** `farrier lab down` */
export async function labDownAction(this: CliContext, flags: LabDownFlags, ...names: readonly string[]): Promise<void> {
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
