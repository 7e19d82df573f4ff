import { buildCommand } from "@stricli/core";
import type { MachineHistoryFlags } from "../actions/machine-history.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { timeFlag } from "../flags/time.ts";
import { parseGeneration } from "../line/generation.ts";
import { optionalFlag, repeatedFlag } from "../flags/flag.ts";
import { oneMachine } from "../line/parameters.ts";
import { parsePositive } from "../line/positive.ts";

export const machineHistoryCommand = buildCommand<MachineHistoryFlags, [string], CliContext>({
  docs: docs("Show a machine's history: what happened, by whom and why; newest first", "", [
    "farrier machine history web1",
    "farrier machine history web1 --limit 20 --json",
    "farrier machine history web1 --generation 3",
    "farrier machine history web1 --by operator",
    "farrier machine history web1 --event agent_lost --event deadline_missed --since 7d",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      limit: optionalFlag("Maximum number of entries (default: 100)", "N", parsePositive),
      event: repeatedFlag("Only entries of this kind, such as installation_failed; repeatable", "EVENT"),
      by: repeatedFlag("Only entries by this: operator, agent, component or system; repeatable", "WHO"),
      generation: optionalFlag("Only entries of this generation", "N", parseGeneration),
      since: timeFlag("Only entries that are not older than this time, or than so long ago"),
    },
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/machine-history.ts")).machineHistoryAction,
});
