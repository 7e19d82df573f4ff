import { create } from "@bufbuild/protobuf";
import { ProfileListResponseSchema } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { operatorClient } from "../call/client.ts";
import { pages } from "../call/pages.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { PageFlags } from "../flags/page.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { when } from "../show/describe.ts";
import { profileTitle } from "../show/profile-lines.ts";

/** Flags of `farrier profile list`. */
export interface ProfileListFlags extends ClientFlags, WatchFlags, PageFlags {
  name: string | undefined;
}

/** `farrier profile list` */
export async function profileListAction(this: CliContext, flags: ProfileListFlags): Promise<void> {
  const { profiles } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const { items, more, nextPageToken } = await pages(flags, async (page) => {
      const response = await profiles.profileList({ ...page, name: flags.name ?? "" });
      return { items: response.profiles, nextPageToken: response.nextPageToken };
    });
    return answerOf({
      schema: ProfileListResponseSchema,
      message: create(ProfileListResponseSchema, { profiles: items, nextPageToken }),
      names: () => items.map((profile) => profileTitle(profile)),
      text: ({ table, now }) =>
        items.length === 0
          ? ""
          : table(
              ["PROFILE", "IMAGE", "APPLIED", "BY"],
              items.map((profile) => [
                profileTitle(profile),
                profile.image,
                when(profile.appliedAt, now),
                profile.appliedBy,
              ]),
            ),
      note: items.length === 0 ? "no profiles: `farrier profile create --help` says how to make one" : more,
    });
  });
}
