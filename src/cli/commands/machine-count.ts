import { buildCommand } from "@stricli/core";
import type { MachineCountFlags } from "../actions/machine-count.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { machineFilterFlags } from "../flags/machine-filter.ts";
import { docs } from "../line/docs.ts";

export const machineCountCommand = buildCommand<MachineCountFlags, [], CliContext>({
  docs: docs(
    "Count machines, exactly up to 10,000",
    'With more, or after a quarter of a second, the answer is "at least N". `farrier fleet summary` counts all, by state.',
    ["farrier machine count --state install-failed", "farrier machine count --label rack=b12 --overdue"],
  ),
  parameters: { flags: { ...clientFlags, ...machineFilterFlags } },
  loader: async () => (await import("../actions/machine-count.ts")).machineCountAction,
});
