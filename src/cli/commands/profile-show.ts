import { buildCommand } from "@stricli/core";
import type { ProfileShowFlags } from "../actions/profile-show.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { oneProfile } from "../line/catalogue-parameters.ts";
import { docs } from "../line/docs.ts";

export const profileShowCommand = buildCommand<ProfileShowFlags, [string], CliContext>({
  docs: docs("Show a version of a profile, with its templates", "", [
    "farrier profile show web",
    "farrier profile show web@2",
  ]),
  parameters: { flags: clientFlags, positional: oneProfile },
  loader: async () => (await import("../actions/profile-show.ts")).profileShowAction,
});
