import { buildCommand } from "@stricli/core";
import type { SecretsShowFlags } from "../actions/secrets-show.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { watchFlags } from "../flags/watch.ts";
import { docs } from "../line/docs.ts";

export const secretsShowCommand = buildCommand<SecretsShowFlags, [], CliContext>({
  docs: docs("Show the keys that seal secrets, and the processes that lack the next one", "", ["farrier secrets show"]),
  parameters: { flags: { ...clientFlags, ...watchFlags } },
  loader: async () => (await import("../actions/secrets-show.ts")).secretsShowAction,
});
