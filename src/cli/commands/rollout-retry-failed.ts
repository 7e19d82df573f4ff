import { buildCommand } from "@stricli/core";
import type { RolloutRetryFailedFlags } from "../actions/rollout-retry-failed.ts";
import type { CliContext } from "../context.ts";
import { rolloutCommandFlags } from "../flags/rollout-command.ts";
import { docs } from "../line/docs.ts";
import { oneRollout } from "../line/catalogue-parameters.ts";

export const rolloutRetryFailedCommand = buildCommand<RolloutRetryFailedFlags, [string], CliContext>({
  docs: docs(
    "Put the failed machines of a rollout in line again",
    "Each gets a new generation. Machines that another rollout holds stay failed.",
    ["farrier rollout retry-failed web-1"],
  ),
  parameters: { flags: rolloutCommandFlags, positional: oneRollout },
  loader: async () => (await import("../actions/rollout-retry-failed.ts")).rolloutRetryFailedAction,
});
