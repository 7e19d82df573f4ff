import { randomUUID } from "node:crypto";
import { MachineReleaseResponseSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { MachineChangeFlags } from "../flags/machine-change.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier machine release`. */
export type MachineReleaseFlags = MachineChangeFlags;

/** `farrier machine release` */
export async function machineReleaseAction(
  this: CliContext,
  flags: MachineReleaseFlags,
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
