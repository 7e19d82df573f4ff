import { buildCommand } from "@stricli/core";
import type { WhoamiFlags } from "../actions/whoami.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";

export const whoamiCommand = buildCommand<WhoamiFlags, [], CliContext>({
  docs: docs("Show the identity and role that your credential gives you", "", [
    "farrier whoami",
    "farrier whoami --context lab",
  ]),
  parameters: { flags: clientFlags },
  loader: async () => (await import("../actions/whoami.ts")).whoamiAction,
});
