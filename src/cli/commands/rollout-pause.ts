import { buildCommand } from "@stricli/core";
import type { RolloutPauseFlags } from "../actions/rollout-pause.ts";
import type { CliContext } from "../context.ts";
import { rolloutCommandFlags } from "../flags/rollout-command.ts";
import { docs } from "../line/docs.ts";
import { oneRollout } from "../line/catalogue-parameters.ts";

export const rolloutPauseCommand = buildCommand<RolloutPauseFlags, [string], CliContext>({
  docs: docs("Begin no more machines of a rollout", "What runs goes on.", ["farrier rollout pause web-1"]),
  parameters: { flags: rolloutCommandFlags, positional: oneRollout },
  loader: async () => (await import("../actions/rollout-pause.ts")).rolloutPauseAction,
});
