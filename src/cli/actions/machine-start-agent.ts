import { randomUUID } from "node:crypto";
import { MachineStartAgentResponseSchema } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier machine start-agent`. */
export interface MachineStartAgentFlags extends ClientFlags {
  yes: boolean | undefined;
  bootBy: string | undefined;
  requestId: string | undefined;
}

/** `farrier machine start-agent` */
export async function machineStartAgentAction(
  this: CliContext,
  flags: MachineStartAgentFlags,
  machine: string,
): Promise<void> {
  if (flags.yes !== true) {
    throw new CliError("usage", "the machine is switched off, whatever runs on it: say --yes where that is meant");
  }
  const { controllers } = await operatorClient(flags, this.process.env);
  const message = await controllers.machineStartAgent({
    requestId: flags.requestId ?? randomUUID(),
    machine,
    bootBy: flags.bootBy ?? "",
  });
  const text = (): string => `${message.machineId} may be switched off to start an agent: a shepherd does it soon\n`;
  answer(this, flags, { schema: MachineStartAgentResponseSchema, message, names: () => [message.machineId], text });
}
