import { buildCommand } from "@stricli/core";
import type { PolicyShowFlags } from "../actions/policy-show.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { watchFlags } from "../flags/watch.ts";
import { docs } from "../line/docs.ts";

export const policyShowCommand = buildCommand<PolicyShowFlags, [], CliContext>({
  docs: docs("Show the rules that every image must keep", "Without rules, every image is allowed.", [
    "farrier policy show",
  ]),
  parameters: { flags: { ...clientFlags, ...watchFlags } },
  loader: async () => (await import("../actions/policy-show.ts")).policyShowAction,
});
