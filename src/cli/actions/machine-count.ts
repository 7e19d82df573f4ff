import { MachineCountResponseSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { MachineFilterFlags } from "../flags/machine-filter.ts";
import { machineFilterOf } from "../line/machine-filter.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier machine count`. */
export interface MachineCountFlags extends ClientFlags, MachineFilterFlags {}

/** `farrier machine count` */
export async function machineCountAction(this: CliContext, flags: MachineCountFlags): Promise<void> {
  const filter = machineFilterOf(flags);
  const { machines } = await operatorClient(flags, this.process.env);
  const message = await machines.machineCount({ filter });
  const words = message.more ? `at least ${message.machines}` : String(message.machines);
  answer(this, flags, { schema: MachineCountResponseSchema, message, names: () => [words], text: () => `${words}\n` });
}
