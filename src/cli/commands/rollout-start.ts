import { buildCommand } from "@stricli/core";
import type { RolloutStartFlags } from "../actions/rollout-start.ts";
import type { CliContext } from "../context.ts";
import { rolloutCommandFlags } from "../flags/rollout-command.ts";
import { docs } from "../line/docs.ts";
import { oneRollout } from "../line/catalogue-parameters.ts";

export const rolloutStartCommand = buildCommand<RolloutStartFlags, [string], CliContext>({
  docs: docs(
    "Start a rollout",
    "Machines that have changed since the plan, or that another rollout holds, are left out and listed.",
    ["farrier rollout start web-1"],
  ),
  parameters: { flags: rolloutCommandFlags, positional: oneRollout },
  loader: async () => (await import("../actions/rollout-start.ts")).rolloutStartAction,
});
