import { buildCommand } from "@stricli/core";
import type { ProfileListFlags } from "../actions/profile-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { textFlag } from "../flags/flag.ts";
import { pageFlags } from "../flags/page.ts";
import { watchFlags } from "../flags/watch.ts";
import { docs } from "../line/docs.ts";

export const profileListCommand = buildCommand<ProfileListFlags, [], CliContext>({
  docs: docs("List profiles, each with its newest version, or all versions of one", "", [
    "farrier profile list",
    "farrier profile list --name web",
  ]),
  parameters: {
    flags: { ...clientFlags, name: textFlag("All versions of this profile", "NAME"), ...pageFlags, ...watchFlags },
  },
  loader: async () => (await import("../actions/profile-list.ts")).profileListAction,
});
