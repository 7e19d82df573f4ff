import { randomUUID } from "node:crypto";
import { RolloutCancelResponseSchema } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { RolloutCommandFlags } from "../flags/rollout-command.ts";
import { rolloutAnswer } from "../show/rollout-answer.ts";

/** Flags of `farrier rollout cancel`. */
export type RolloutCancelFlags = RolloutCommandFlags;

/** `farrier rollout cancel` */
export async function rolloutCancelAction(this: CliContext, flags: RolloutCancelFlags, rollout: string): Promise<void> {
  const { rollouts } = await operatorClient(flags, this.process.env);
  const message = await rollouts.rolloutCancel({ requestId: flags.requestId ?? randomUUID(), rollout });
  rolloutAnswer(this, flags, RolloutCancelResponseSchema, message);
}
