import { randomUUID } from "node:crypto";
import { ControllerRemoveResponseSchema } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier bmc remove`. */
export interface BmcRemoveFlags extends ClientFlags {
  requestId: string | undefined;
}

/** `farrier bmc remove` */
export async function bmcRemoveAction(this: CliContext, flags: BmcRemoveFlags, machine: string): Promise<void> {
  const { controllers } = await operatorClient(flags, this.process.env);
  const message = await controllers.controllerRemove({ requestId: flags.requestId ?? randomUUID(), machine });
  const text = (): string => `${message.machineId} has no controller any more\n`;
  answer(this, flags, { schema: ControllerRemoveResponseSchema, message, names: () => [message.machineId], text });
}
