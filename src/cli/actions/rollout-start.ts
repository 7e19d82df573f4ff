import { randomUUID } from "node:crypto";
import { RolloutStartResponseSchema } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { RolloutCommandFlags } from "../flags/rollout-command.ts";
import { rolloutAnswer } from "../show/rollout-answer.ts";

/** Flags of `farrier rollout start`. */
export type RolloutStartFlags = RolloutCommandFlags;

/** `farrier rollout start` */
export async function rolloutStartAction(this: CliContext, flags: RolloutStartFlags, rollout: string): Promise<void> {
  const { rollouts } = await operatorClient(flags, this.process.env);
  const message = await rollouts.rolloutStart({ requestId: flags.requestId ?? randomUUID(), rollout });
  rolloutAnswer(this, flags, RolloutStartResponseSchema, message);
}
