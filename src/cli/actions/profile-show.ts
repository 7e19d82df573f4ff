import { ProfileShowResponseSchema } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { printableLines } from "../../lib/format/printable.ts";
import { answer } from "../show/answer.ts";
import { profileLines, profileTitle } from "../show/profile-lines.ts";

/** Flags of `farrier profile show`. */
export type ProfileShowFlags = ClientFlags;

/** `farrier profile show` */
export async function profileShowAction(this: CliContext, flags: ProfileShowFlags, reference: string): Promise<void> {
  const { profiles } = await operatorClient(flags, this.process.env);
  const message = await profiles.profileShow({ profile: reference });
  const { profile, spec } = message;
  if (profile === undefined || spec === undefined) {
    throw new CliError("failed", "the control plane's answer has no profile: is it of another version?");
  }
  answer(this, flags, {
    schema: ProfileShowResponseSchema,
    message,
    names: () => [profileTitle(profile)],
    text: ({ now }) => printableLines(profileLines(profile, spec, now)),
  });
}
