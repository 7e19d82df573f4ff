import { create } from "@bufbuild/protobuf";
import { RolloutListResponseSchema } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { operatorClient } from "../call/client.ts";
import { pages } from "../call/pages.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { PageFlags } from "../flags/page.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { when } from "../show/describe.ts";
import { rolloutCountsWords, rolloutStateWord } from "../show/rollout-lines.ts";

/** Flags of `farrier rollout list`. */
export interface RolloutListFlags extends ClientFlags, WatchFlags, PageFlags {}

/** `farrier rollout list` */
export async function rolloutListAction(this: CliContext, flags: RolloutListFlags): Promise<void> {
  const { rollouts } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const { items, more, nextPageToken } = await pages(flags, async (page) => {
      const response = await rollouts.rolloutList(page);
      return { items: response.rollouts, nextPageToken: response.nextPageToken };
    });
    return answerOf({
      schema: RolloutListResponseSchema,
      message: create(RolloutListResponseSchema, { rollouts: items, nextPageToken }),
      names: () => items.map(({ name }) => name),
      text: ({ table, now }) =>
        items.length === 0
          ? ""
          : table(
              ["ROLLOUT", "PROFILE", "STATE", "MACHINES", "CREATED", "BY"],
              items.map((rollout) => [
                rollout.name,
                rollout.profile,
                rolloutStateWord(rollout),
                rolloutCountsWords(rollout.counts),
                when(rollout.createdAt, now),
                rollout.createdBy,
              ]),
            ),
      note: items.length === 0 ? "no rollouts: `farrier rollout create --help` says how to make one" : more,
    });
  });
}
