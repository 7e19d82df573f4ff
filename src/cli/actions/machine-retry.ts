import { randomUUID } from "node:crypto";
import { InstallationRetryResponseSchema } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { MachineChangeFlags } from "../flags/machine-change.ts";
import type { RetryFlags } from "../flags/retry.ts";
import { retryPolicy } from "../line/retry-policy.ts";
import { answer } from "../show/answer.ts";
import { defined } from "../../lib/defined.ts";

/** Flags of `farrier machine retry`. */
export interface MachineRetryFlags extends MachineChangeFlags, RetryFlags {
  generation: bigint | undefined;
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
    ...defined({ retry }),
  });
  const text = (): string => `${message.machineId} generation ${message.generation} requested\n`;
  answer(this, flags, { schema: InstallationRetryResponseSchema, message, names: () => [message.machineId], text });
}
