import { randomUUID } from "node:crypto";
import { ProfileDeleteResponseSchema } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier profile delete`. */
export interface ProfileDeleteFlags extends ClientFlags {
  requestId: string | undefined;
}

/** `farrier profile delete` */
export async function profileDeleteAction(this: CliContext, flags: ProfileDeleteFlags, name: string): Promise<void> {
  const { profiles } = await operatorClient(flags, this.process.env);
  const message = await profiles.profileDelete({ requestId: flags.requestId ?? randomUUID(), name });
  answer(this, flags, {
    schema: ProfileDeleteResponseSchema,
    message,
    names: () => [name],
    text: () => `${name} deleted\n`,
  });
}
