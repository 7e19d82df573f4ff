import { buildCommand } from "@stricli/core";
import type { RolloutResumeFlags } from "../actions/rollout-resume.ts";
import type { CliContext } from "../context.ts";
import { rolloutCommandFlags } from "../flags/rollout-command.ts";
import { docs } from "../line/docs.ts";
import { oneRollout } from "../line/catalogue-parameters.ts";

export const rolloutResumeCommand = buildCommand<RolloutResumeFlags, [string], CliContext>({
  docs: docs(
    "Go on with a rollout that is paused or was stopped by its rule",
    "The failures so far do not count again.",
    ["farrier rollout resume web-1"],
  ),
  parameters: { flags: rolloutCommandFlags, positional: oneRollout },
  loader: async () => (await import("../actions/rollout-resume.ts")).rolloutResumeAction,
});
