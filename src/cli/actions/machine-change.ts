import { randomUUID } from "node:crypto";
import { InstallationRetryResponseSchema } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import {
  MachineDeleteResponseSchema,
  MachineQuarantineResponseSchema,
  MachineReleaseResponseSchema,
  MachineUpdateResponseSchema,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { answer } from "../show/answer.ts";
import { operatorClient } from "../call/client.ts";
import type {
  MachineChangeFlags,
  MachineQuarantineFlags,
  MachineRetryFlags,
  MachineUpdateFlags,
} from "../commands/machine-more.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { parseLabels } from "../line/labels.ts";
import { retryPolicy } from "../line/retry-policy.ts";

/** `farrier machine update` */
export async function machineUpdateAction(this: CliContext, flags: MachineUpdateFlags, machine: string): Promise<void> {
  const { name, label = [], removeLabel = [], smbiosUuid, mac = [], removeMac = [] } = flags;
  const changes = label.length + removeLabel.length + mac.length + removeMac.length;
  if (name === undefined && smbiosUuid === undefined && changes === 0) {
    throw new CliError(
      "usage",
      "no change is named: give --name, --label, --remove-label, --smbios-uuid, --mac or --remove-mac",
    );
  }
  const setLabels = parseLabels(label);
  const { machines } = await operatorClient(flags, this.process.env);
  const message = await machines.machineUpdate({
    requestId: flags.requestId ?? randomUUID(),
    machine,
    setLabels,
    removeLabels: [...removeLabel],
    addMacs: [...mac],
    removeMacs: [...removeMac],
    ...(name === undefined ? {} : { name }),
    ...(smbiosUuid === undefined ? {} : { smbiosUuid }),
  });
  const id = message.machine?.id ?? "";
  answer(this, flags, {
    schema: MachineUpdateResponseSchema,
    message,
    names: () => [id],
    text: () => `${id} updated\n`,
  });
}

/** `farrier machine delete` */
export async function machineDeleteAction(this: CliContext, flags: MachineChangeFlags, machine: string): Promise<void> {
  const { machines } = await operatorClient(flags, this.process.env);
  const message = await machines.machineDelete({ requestId: flags.requestId ?? randomUUID(), machine });
  const text = (): string => `${message.machineId} deleted\n`;
  answer(this, flags, { schema: MachineDeleteResponseSchema, message, names: () => [message.machineId], text });
}

/** `farrier machine quarantine` */
export async function machineQuarantineAction(
  this: CliContext,
  flags: MachineQuarantineFlags,
  machine: string,
): Promise<void> {
  const { machines } = await operatorClient(flags, this.process.env);
  const { reason } = flags;
  const message = await machines.machineQuarantine({ requestId: flags.requestId ?? randomUUID(), machine, reason });
  const id = message.machine?.id ?? "";
  const cancelled = message.cancelledGeneration === 0n ? "" : `; generation ${message.cancelledGeneration} cancelled`;
  const text = (): string => `${id} quarantined${cancelled}\n`;
  answer(this, flags, { schema: MachineQuarantineResponseSchema, message, names: () => [id], text });
}

/** `farrier machine release` */
export async function machineReleaseAction(
  this: CliContext,
  flags: MachineChangeFlags,
  machine: string,
): Promise<void> {
  const { machines } = await operatorClient(flags, this.process.env);
  const message = await machines.machineRelease({ requestId: flags.requestId ?? randomUUID(), machine });
  const id = message.machine?.id ?? "";
  answer(this, flags, {
    schema: MachineReleaseResponseSchema,
    message,
    names: () => [id],
    text: () => `${id} released\n`,
  });
}

/** `farrier machine retry` */
export async function machineRetryAction(this: CliContext, flags: MachineRetryFlags, machine: string): Promise<void> {
  const retry = retryPolicy(flags);
  const { machines, installations } = await operatorClient(flags, this.process.env);
  const generation =
    flags.generation ?? (await machines.machineShow({ machine })).machine?.installation?.generation ?? 0n;
  if (generation === 0n) {
    throw new CliError(
      "failed",
      `no installation was ever requested for this machine: \`farrier machine install ${machine} --help\` says how`,
    );
  }
  const message = await installations.installationRetry({
    requestId: flags.requestId ?? randomUUID(),
    machine,
    generation,
    ...(retry === undefined ? {} : { retry }),
  });
  const text = (): string => `${message.machineId} generation ${message.generation} requested\n`;
  answer(this, flags, { schema: InstallationRetryResponseSchema, message, names: () => [message.machineId], text });
}
