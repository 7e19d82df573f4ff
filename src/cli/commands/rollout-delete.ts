import { buildCommand } from "@stricli/core";
import type { RolloutDeleteFlags } from "../actions/rollout-delete.ts";
import type { CliContext } from "../context.ts";
import { rolloutCommandFlags } from "../flags/rollout-command.ts";
import { docs } from "../line/docs.ts";
import { oneRollout } from "../line/catalogue-parameters.ts";

export const rolloutDeleteCommand = buildCommand<RolloutDeleteFlags, [string], CliContext>({
  docs: docs(
    "Delete a rollout that has ended",
    "Its plan, its causes and its events are deleted. What is installed stays, and so does the history of its machines.",
    ["farrier rollout delete web-1"],
  ),
  parameters: { flags: rolloutCommandFlags, positional: oneRollout },
  loader: async () => (await import("../actions/rollout-delete.ts")).rolloutDeleteAction,
});
