import { buildCommand } from "@stricli/core";
import type { ProfileDeleteFlags } from "../actions/profile-delete.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { requestIdFlag } from "../line/request-id.ts";
import { docs } from "../line/docs.ts";

export const profileDeleteCommand = buildCommand<ProfileDeleteFlags, [string], CliContext>({
  docs: docs("Delete a profile with all of its versions", "Requests that were made by it stay as they are.", [
    "farrier profile delete web",
  ]),
  parameters: {
    flags: { ...clientFlags, requestId: requestIdFlag },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Name of the profile", placeholder: "NAME", parse: String }],
    },
  },
  loader: async () => (await import("../actions/profile-delete.ts")).profileDeleteAction,
});
