import { buildCommand } from "@stricli/core";
import type { PolicySetFlags } from "../actions/policy-set.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { repeatedFlag, switchFlag } from "../flags/flag.ts";
import { oneRule } from "../line/catalogue-parameters.ts";
import { docs } from "../line/docs.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const policySetCommand = buildCommand<PolicySetFlags, [string], CliContext>({
  docs: docs(
    "Make or replace a rule that every image must keep",
    "Needs the role admin. A rule has sources, keys, or --catalogue-only: of its sources or keys one is enough, of the rules " +
      "all count. It counts from now on, also for images that were added before; pending installations go on.",
    [
      "farrier policy set our-mirror --source https://images.example.org/debian/ --source '*.cdn.example.org'",
      "farrier policy set release-key --minisign-key images.pub",
      "farrier policy set curated --catalogue-only",
    ],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      source: repeatedFlag(
        "Images may come from there: HOST, HOST:PORT, *.DOMAIN, or the beginning of a URL; repeatable",
        "SOURCE",
      ),
      minisignKey: repeatedFlag("Images may be signed with this minisign key (.pub); repeatable", "FILE"),
      cosignKey: repeatedFlag("Images may be signed with this cosign key (.pub); repeatable", "FILE"),
      catalogueOnly: switchFlag("Operators choose among the catalogue's images, and admins add them"),
      requestId: requestIdFlag,
    },
    positional: oneRule,
  },
  loader: async () => (await import("../actions/policy-set.ts")).policySetAction,
});
