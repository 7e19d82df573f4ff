import { buildCommand } from "@stricli/core";
import type { PolicyDeleteFlags } from "../actions/policy-delete.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { oneRule } from "../line/catalogue-parameters.ts";
import { docs } from "../line/docs.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const policyDeleteCommand = buildCommand<PolicyDeleteFlags, [string], CliContext>({
  docs: docs("Delete a rule of the image policy", "Needs the role admin.", ["farrier policy delete release-key"]),
  parameters: { flags: { ...clientFlags, requestId: requestIdFlag }, positional: oneRule },
  loader: async () => (await import("../actions/policy-delete.ts")).policyDeleteAction,
});
