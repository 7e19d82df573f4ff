import { buildCommand } from "@stricli/core";
import type { WorkListFlags } from "../actions/work-list.ts";
import type { CliContext } from "../context.ts";
import { docs } from "../line/docs.ts";
import { workFlags } from "../flags/work.ts";

export const workListCommand = buildCommand<WorkListFlags, [], CliContext>({
  docs: docs("List the work that components hold on machines", "", ["farrier work list --process ShepherdRecovery"]),
  parameters: { flags: workFlags },
  loader: async () => (await import("../actions/work-list.ts")).workListAction,
});
