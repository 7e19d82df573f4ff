import { buildCommand } from "@stricli/core";
import type { RolloutShowFlags } from "../actions/rollout-show.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { watchFlags } from "../flags/watch.ts";
import { docs } from "../line/docs.ts";
import { oneRollout } from "../line/catalogue-parameters.ts";

export const rolloutShowCommand = buildCommand<RolloutShowFlags, [string], CliContext>({
  docs: docs("Show a rollout: its waves, failures by cause, and what happened", "", [
    "farrier rollout show web-1",
    "farrier rollout show web-1 --watch",
  ]),
  parameters: { flags: { ...clientFlags, ...watchFlags }, positional: oneRollout },
  loader: async () => (await import("../actions/rollout-show.ts")).rolloutShowAction,
});
