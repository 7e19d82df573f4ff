import { randomUUID } from "node:crypto";
import { ConsoleSessionEndResponseSchema } from "../../../gen/farrier/operator/v1/console_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier console-session end`. */
export interface ConsoleSessionEndFlags extends ClientFlags {
  requestId: string | undefined;
}

/** `farrier console-session end` */
export async function consoleSessionEndAction(
  this: CliContext,
  flags: ConsoleSessionEndFlags,
  session: string,
): Promise<void> {
  const { console: service } = await operatorClient(flags, this.process.env);
  const message = await service.consoleSessionEnd({ requestId: flags.requestId ?? randomUUID(), session });
  answer(this, flags, {
    schema: ConsoleSessionEndResponseSchema,
    message,
    names: () => [session],
    text: () => `console session ${session} ended\n`,
  });
}
