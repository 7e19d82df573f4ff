import { randomUUID } from "node:crypto";
import { MachineDeleteResponseSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { MachineChangeFlags } from "../flags/machine-change.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier machine delete`. */
export type MachineDeleteFlags = MachineChangeFlags;

/** `farrier machine delete` */
export async function machineDeleteAction(this: CliContext, flags: MachineDeleteFlags, machine: string): Promise<void> {
  const { machines } = await operatorClient(flags, this.process.env);
  const message = await machines.machineDelete({ requestId: flags.requestId ?? randomUUID(), machine });
  const text = (): string => `${message.machineId} deleted\n`;
  answer(this, flags, { schema: MachineDeleteResponseSchema, message, names: () => [message.machineId], text });
}
