import { buildCommand } from "@stricli/core";
import type { ProfileRenderFlags } from "../actions/profile-render.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { repeatedFlag, requiredFlag, textFlag } from "../flags/flag.ts";
import { oneProfile } from "../line/catalogue-parameters.ts";
import { docs } from "../line/docs.ts";

export const profileRenderCommand = buildCommand<ProfileRenderFlags, [string], CliContext>({
  docs: docs("Show what a machine would get by a profile; nothing is requested", "", [
    "farrier profile render web --machine web1",
    "farrier profile render web --machine web1 --set domain=example.org -f web.yaml",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      machine: requiredFlag("The machine: UUID, name or the beginning of a UUID", "MACHINE"),
      set: repeatedFlag("A value for the profile's templates; repeatable", "NAME=VALUE"),
      file: textFlag("Render this file instead of a stored version", "FILE"),
    },
    aliases: { f: "file" },
    positional: oneProfile,
  },
  loader: async () => (await import("../actions/profile-render.ts")).profileRenderAction,
});
