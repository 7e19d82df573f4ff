import { buildCommand } from "@stricli/core";
import type { InstallationShowFlags } from "../actions/installation-show.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { optionalFlag } from "../flags/flag.ts";
import { parseGeneration } from "../line/generation.ts";
import { oneMachine } from "../line/parameters.ts";

export const installationShowCommand = buildCommand<InstallationShowFlags, [string], CliContext>({
  docs: docs(
    "Show a machine's current request in full, with its secrets",
    "Shows the whole image URL and the files for cloud-init. It needs the role operator, and each call is recorded in the audit.",
    ["farrier installation show web1", "farrier installation show web1 --json"],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      generation: optionalFlag("Only this generation (default: the current one)", "N", parseGeneration),
    },
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/installation-show.ts")).installationShowAction,
});
