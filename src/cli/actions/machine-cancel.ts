import { randomUUID } from "node:crypto";
import { InstallationCancelResponseSchema } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier machine cancel`. */
export interface MachineCancelFlags extends ClientFlags {
  generation: bigint | undefined;
  reason: string | undefined;
  requestId: string | undefined;
}

/** `farrier machine cancel` */
export async function machineCancelAction(this: CliContext, flags: MachineCancelFlags, machine: string): Promise<void> {
  const { installations, machines } = await operatorClient(flags, this.process.env);
  const generation =
    flags.generation ?? (await machines.machineShow({ machine })).machine?.installation?.generation ?? 0n;
  if (generation === 0n) {
    throw new CliError("failed", "nothing is pending on this machine: there is nothing to cancel");
  }
  const response = await installations.installationCancel({
    requestId: flags.requestId ?? randomUUID(),
    machine,
    generation,
    reason: flags.reason ?? "",
  });
  const what = response.retriesStopped ? "had ended already; no further tries follow" : "cancelled";
  answer(this, flags, {
    schema: InstallationCancelResponseSchema,
    message: response,
    names: () => [response.machineId],
    text: () => `${response.machineId} generation ${response.generation} ${what}\n`,
    note: response.diskTouched ? "its disk may have been written to: do not rely on its content" : undefined,
  });
}
