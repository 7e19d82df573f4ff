import { buildCommand } from "@stricli/core";
import type { RolloutListFlags } from "../actions/rollout-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { pageFlags } from "../flags/page.ts";
import { watchFlags } from "../flags/watch.ts";
import { docs } from "../line/docs.ts";

export const rolloutListCommand = buildCommand<RolloutListFlags, [], CliContext>({
  docs: docs("List rollouts, the newest first", "", ["farrier rollout list"]),
  parameters: { flags: { ...clientFlags, ...pageFlags, ...watchFlags } },
  loader: async () => (await import("../actions/rollout-list.ts")).rolloutListAction,
});
