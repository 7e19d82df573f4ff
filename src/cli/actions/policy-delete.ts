import { randomUUID } from "node:crypto";
import { PolicyDeleteResponseSchema } from "../../../gen/farrier/operator/v1/policy_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier policy delete`. */
export interface PolicyDeleteFlags extends ClientFlags {
  requestId: string | undefined;
}

/** `farrier policy delete` */
export async function policyDeleteAction(this: CliContext, flags: PolicyDeleteFlags, name: string): Promise<void> {
  const { policy } = await operatorClient(flags, this.process.env);
  const message = await policy.policyDelete({ requestId: flags.requestId ?? randomUUID(), name });
  answer(this, flags, {
    schema: PolicyDeleteResponseSchema,
    message,
    names: () => [name],
    text: () => `${name} deleted\n`,
  });
}
