import { buildCommand } from "@stricli/core";
import type { ProfileApplyFlags } from "../actions/profile-apply.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { requiredFlag } from "../flags/flag.ts";
import { requestIdFlag } from "../line/request-id.ts";
import { docs } from "../line/docs.ts";

export const profileApplyCommand = buildCommand<ProfileApplyFlags, [], CliContext>({
  docs: docs(
    "Store a profile from a file, as a new version",
    "The same file twice changes nothing. Templates are checked: an unknown variable, or a value that is not quoted by the filter " +
      "yaml, is refused here and not on a machine.",
    ["farrier profile apply -f web.yaml"],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      file: requiredFlag("The profile's file, YAML or JSON (- = standard input)", "FILE"),
      requestId: requestIdFlag,
    },
    aliases: { f: "file" },
  },
  loader: async () => (await import("../actions/profile-apply.ts")).profileApplyAction,
});
