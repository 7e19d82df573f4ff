import { randomUUID } from "node:crypto";
import { RolloutPauseResponseSchema } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { RolloutCommandFlags } from "../flags/rollout-command.ts";
import { rolloutAnswer } from "../show/rollout-answer.ts";

/** Flags of `farrier rollout pause`. */
export type RolloutPauseFlags = RolloutCommandFlags;

/** `farrier rollout pause` */
export async function rolloutPauseAction(this: CliContext, flags: RolloutPauseFlags, rollout: string): Promise<void> {
  const { rollouts } = await operatorClient(flags, this.process.env);
  const message = await rollouts.rolloutPause({ requestId: flags.requestId ?? randomUUID(), rollout });
  rolloutAnswer(this, flags, RolloutPauseResponseSchema, message);
}
