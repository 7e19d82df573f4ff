import { randomUUID } from "node:crypto";
import { BackoffClearResponseSchema } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier backoff clear`. */
export interface BackoffClearFlags extends ClientFlags {
  process: string | undefined;
  requestId: string | undefined;
}

/** `farrier backoff clear` */
export async function backoffClearAction(this: CliContext, flags: BackoffClearFlags, machine: string): Promise<void> {
  const { fleet } = await operatorClient(flags, this.process.env);
  const requestId = flags.requestId ?? randomUUID();
  const message = await fleet.backoffClear({ requestId, machine, process: flags.process ?? "" });
  const text = (): string => `${message.machineId} may be worked on at once\n`;
  answer(this, flags, { schema: BackoffClearResponseSchema, message, names: () => [message.machineId], text });
}
