import { randomUUID } from "node:crypto";
import { RolloutRetryFailedResponseSchema } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { RolloutCommandFlags } from "../flags/rollout-command.ts";
import { rolloutAnswer } from "../show/rollout-answer.ts";

/** Flags of `farrier rollout retry-failed`. */
export interface RolloutRetryFailedFlags extends RolloutCommandFlags {
  cause: readonly string[] | undefined;
}

/** `farrier rollout retry-failed` */
export async function rolloutRetryFailedAction(
  this: CliContext,
  flags: RolloutRetryFailedFlags,
  rollout: string,
): Promise<void> {
  const { rollouts } = await operatorClient(flags, this.process.env);
  const message = await rollouts.rolloutRetryFailed({
    requestId: flags.requestId ?? randomUUID(),
    rollout,
    causes: [...(flags.cause ?? [])],
  });
  const { kept } = message;
  const note =
    kept === 0
      ? ""
      : `${kept} machine${kept === 1 ? " stays" : "s stay"} failed: \`farrier rollout show ${rollout}\` says why each failed`;
  rolloutAnswer(this, flags, RolloutRetryFailedResponseSchema, message, note);
}
