import { RolloutShowResponseSchema } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { printableLines } from "../../lib/format/printable.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { rolloutLines } from "../show/rollout-lines.ts";

/** Flags of `farrier rollout show`. */
export interface RolloutShowFlags extends ClientFlags, WatchFlags {}

/** `farrier rollout show` */
export async function rolloutShowAction(this: CliContext, flags: RolloutShowFlags, rollout: string): Promise<void> {
  const { rollouts } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const message = await rollouts.rolloutShow({ rollout });
    return answerOf({
      schema: RolloutShowResponseSchema,
      message,
      names: () => [message.rollout?.name ?? rollout],
      text: ({ now }) => printableLines(rolloutLines(message, now)),
    });
  });
}
