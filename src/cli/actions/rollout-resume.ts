import { randomUUID } from "node:crypto";
import { RolloutResumeResponseSchema } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { RolloutCommandFlags } from "../flags/rollout-command.ts";
import { rolloutAnswer } from "../show/rollout-answer.ts";

/** Flags of `farrier rollout resume`. */
export type RolloutResumeFlags = RolloutCommandFlags;

/** `farrier rollout resume` */
export async function rolloutResumeAction(this: CliContext, flags: RolloutResumeFlags, rollout: string): Promise<void> {
  const { rollouts } = await operatorClient(flags, this.process.env);
  const message = await rollouts.rolloutResume({ requestId: flags.requestId ?? randomUUID(), rollout });
  rolloutAnswer(this, flags, RolloutResumeResponseSchema, message);
}
