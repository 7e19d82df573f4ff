import { randomUUID } from "node:crypto";
import { MachineQuarantineResponseSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { MachineChangeFlags } from "../flags/machine-change.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier machine quarantine`. */
export interface MachineQuarantineFlags extends MachineChangeFlags {
  reason: string;
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
