import { randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { operatorAccess } from "../call/access.ts";
import { operatorClient, type OperatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { dataDirectory } from "../flags/common.ts";
import { labCredential, labCredentialFor } from "../show/lab-controller-commands.ts";
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
  const all = await this.starters.lab.list({ dataDir: dataDirectory(flags, this.process.env) });
  for (const machine of removed) {
    const left = client === undefined ? "no control plane is known" : await forget(client, machine);
    this.process.stdout.write(`${machine.name}\n`);
    if (left !== undefined) {
      this.process.stderr.write(
        `${machine.name} was not deleted from the control plane (${left}): if it is there, \`farrier machine delete ${machine.name}\`\n`,
      );
    }
  }
  if (client !== undefined && isControlled(removed) && !isControlled(all)) {
    await credentialForget(client);
  }
}

function isControlled(machines: readonly LabMachineSummary[]): boolean {
  return machines.some(({ controller }) => controller !== undefined);
}

/** Deletes the credential of the lab's controllers, whose password is gone with them, where that is possible. */
async function credentialForget({ credentials }: OperatorClient): Promise<void> {
  try {
    const { credentials: all } = await credentials.credentialList({ pageSize: 1000 });
    const lab = all.find(({ name }) => name === labCredential);
    if (lab?.allowed.length === 1 && lab.allowed[0] === labCredentialFor) {
      await credentials.credentialDelete({ requestId: randomUUID(), name: labCredential });
    }
  } catch {
    // It is in use by a controller that is not the lab's, or this operator may not: the next `lab up` replaces it.
  }
}

/** The control plane's machine for a lab machine. @throws {ConnectError} `not_found` if none has its name */
async function known(machines: OperatorClient["machines"], lab: LabMachineSummary): Promise<Machine | undefined> {
  if (lab.controller === undefined) {
    const { machine } = await machines.machineShow({ machine: lab.name });
    return machine?.provided?.providerId === lab.uuid ? machine : undefined;
  }
  // Known by its controller, under whatever name. The provider's id of such a machine begins with the URL.
  const { machines: found } = await machines.machineList({ search: lab.controller });
  return found.find(({ smbiosUuid }) => smbiosUuid === lab.uuid);
}

/**
 * How often a deletion is tried while a shepherd holds the machine, 500 ms apart. A shepherd's reading of a controller that is gone
 * takes about 25 s to fail.
 */
const tries = 120;

/** Deletes a machine from the control plane. Resolves to the reason if that failed, otherwise to undefined. */
async function forget(
  { machines, installations, enrollments }: OperatorClient,
  lab: LabMachineSummary,
): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const machine = await known(machines, lab);
      if (machine === undefined) {
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
      // A start waits for the machine until its boot window closes.
      await enrollments.bootWindowClose({ requestId: randomUUID(), machine: machineId }).catch(() => undefined);
      await machines.machineDelete({ requestId: randomUUID(), machine: machineId });
      return undefined;
    } catch (error) {
      const { code } = ConnectError.from(error instanceof CliError ? error.cause : error);
      if (code === Code.NotFound) {
        return undefined;
      }
      if (attempt === tries || code !== Code.FailedPrecondition) {
        return error instanceof Error ? error.message : String(error);
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
