import { buildCommand } from "@stricli/core";
import type { RolloutRetryFailedFlags } from "../actions/rollout-retry-failed.ts";
import type { CliContext } from "../context.ts";
import { repeatedFlag } from "../flags/flag.ts";
import { rolloutCommandFlags } from "../flags/rollout-command.ts";
import { docs } from "../line/docs.ts";
import { oneRollout } from "../line/catalogue-parameters.ts";

export const rolloutRetryFailedCommand = buildCommand<RolloutRetryFailedFlags, [string], CliContext>({
  docs: docs(
    "Put the failed machines of a rollout in line again",
    "Each gets a new generation. Machines stay failed of which something else was requested since, whose labels changed, that are in quarantine, or that another rollout holds; and those that are silent or were cancelled, unless --cause names that.",
    ["farrier rollout retry-failed web-1", "farrier rollout retry-failed web-1 --cause silent"],
  ),
  parameters: {
    flags: {
      ...rolloutCommandFlags,
      cause: repeatedFlag(
        "Only machines that failed by this cause, as rollout show names it; may be repeated",
        "CAUSE",
      ),
    },
    positional: oneRollout,
  },
  loader: async () => (await import("../actions/rollout-retry-failed.ts")).rolloutRetryFailedAction,
});
