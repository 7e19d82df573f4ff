import { buildCommand } from "@stricli/core";
import type { ProfileDiffFlags } from "../actions/profile-diff.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { textFlag } from "../flags/flag.ts";
import { oneProfile } from "../line/catalogue-parameters.ts";
import { docs } from "../line/docs.ts";

export const profileDiffCommand = buildCommand<ProfileDiffFlags, [string], CliContext>({
  docs: docs(
    "Show what a file, or the newest version, would change of a profile",
    "The exit status is 0, whether anything would change or not.",
    ["farrier profile diff web -f web.yaml", "farrier profile diff web@2"],
  ),
  parameters: {
    flags: { ...clientFlags, file: textFlag("The profile's file (default: the newest version)", "FILE") },
    aliases: { f: "file" },
    positional: oneProfile,
  },
  loader: async () => (await import("../actions/profile-diff.ts")).profileDiffAction,
});
