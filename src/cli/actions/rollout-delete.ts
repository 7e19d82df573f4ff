import { randomUUID } from "node:crypto";
import { RolloutDeleteResponseSchema } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { RolloutCommandFlags } from "../flags/rollout-command.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier rollout delete`. */
export type RolloutDeleteFlags = RolloutCommandFlags;

/** `farrier rollout delete` */
export async function rolloutDeleteAction(this: CliContext, flags: RolloutDeleteFlags, rollout: string): Promise<void> {
  const { rollouts } = await operatorClient(flags, this.process.env);
  const message = await rollouts.rolloutDelete({ requestId: flags.requestId ?? randomUUID(), rollout });
  answer(this, flags, {
    schema: RolloutDeleteResponseSchema,
    message,
    names: () => [rollout],
    text: () => `${rollout} deleted\n`,
  });
}
