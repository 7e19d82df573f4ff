import { ConnectError } from "@connectrpc/connect";
import { randomUUID } from "node:crypto";
import { ProfileApplyResponseSchema, type ProfileSpec } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { printable } from "../../lib/format/printable.ts";
import { operatorClient } from "../call/client.ts";
import { profileFieldsNamed } from "../call/profile-fields-named.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { profileFileRead } from "../line/profile-file.ts";
import { answer } from "../show/answer.ts";
import { profileTitle } from "../show/profile-lines.ts";

/** Flags of `farrier profile apply`. */
export interface ProfileApplyFlags extends ClientFlags {
  file: string;
  requestId: string | undefined;
}

/** `farrier profile apply` */
export async function profileApplyAction(this: CliContext, flags: ProfileApplyFlags): Promise<void> {
  const { name, spec } = await profileFileRead(flags.file);
  try {
    await profileStore(this, flags, name, spec);
  } catch (error) {
    if (error instanceof CliError && error.code === "usage" && error.cause instanceof ConnectError) {
      // The fields are the file's, and no flags of this command.
      const message = profileFieldsNamed(error.cause.rawMessage, { name, spec });
      throw new CliError("usage", `-f ${flags.file}: ${message}`, { cause: error });
    }
    throw error;
  }
}

/** Applies a specification, and prints the version. */
export async function profileStore(
  context: CliContext,
  flags: ClientFlags & { requestId: string | undefined },
  name: string,
  spec: ProfileSpec,
): Promise<void> {
  const { profiles } = await operatorClient(flags, context.process.env);
  const message = await profiles.profileApply({ requestId: flags.requestId ?? randomUUID(), name, spec });
  const { profile, changed } = message;
  if (profile === undefined) {
    throw new CliError("failed", "the control plane's answer has no profile: is it of another version?");
  }
  message.warnings.forEach((warning) => context.process.stderr.write(`warning: ${printable(warning)}\n`));
  answer(context, flags, {
    schema: ProfileApplyResponseSchema,
    message,
    names: () => [profileTitle(profile)],
    text: () => `${profileTitle(profile)} ${changed ? "applied" : "unchanged"}\n`,
  });
}
