import { buildCommand } from "@stricli/core";
import type { RolloutCancelFlags } from "../actions/rollout-cancel.ts";
import type { CliContext } from "../context.ts";
import { rolloutCommandFlags } from "../flags/rollout-command.ts";
import { docs } from "../line/docs.ts";
import { oneRollout } from "../line/catalogue-parameters.ts";

export const rolloutCancelCommand = buildCommand<RolloutCancelFlags, [string], CliContext>({
  docs: docs("End a rollout", "Machines that wait are let go. What runs goes on: `farrier machine cancel` stops it.", [
    "farrier rollout cancel web-1",
  ]),
  parameters: { flags: rolloutCommandFlags, positional: oneRollout },
  loader: async () => (await import("../actions/rollout-cancel.ts")).rolloutCancelAction,
});
