import { buildCommand } from "@stricli/core";
import type { RolloutPlanFlags } from "../actions/rollout-plan.ts";
import type { CliContext } from "../context.ts";
import { repeatedFlag, switchFlag } from "../flags/flag.ts";
import { pageFlags } from "../flags/page.ts";
import { rolloutCommandFlags } from "../flags/rollout-command.ts";
import { docs } from "../line/docs.ts";
import { oneRollout } from "../line/catalogue-parameters.ts";

export const rolloutPlanCommand = buildCommand<RolloutPlanFlags, [string], CliContext>({
  docs: docs(
    "Show the machines of a rollout: disk, what is overwritten, wave, and what is refused",
    "Of a rollout that runs, it shows how far each machine is.",
    [
      "farrier rollout plan web-1",
      "farrier rollout plan web-1 --anew",
      "farrier rollout plan web-1 --state failed,left-out",
    ],
  ),
  parameters: {
    flags: {
      ...rolloutCommandFlags,
      anew: switchFlag("Look at the machines again first, and plan anew; before the start only"),
      state: repeatedFlag("Only machines in this state, such as failed; repeatable, or separated by commas", "STATE"),
      ...pageFlags,
    },
    positional: oneRollout,
  },
  loader: async () => (await import("../actions/rollout-plan.ts")).rolloutPlanAction,
});
