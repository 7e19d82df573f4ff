import { buildCommand } from "@stricli/core";
import type { AuditListFlags } from "../actions/audit-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { textFlag } from "../flags/flag.ts";
import { pageFlags } from "../flags/page.ts";
import { watchFlags } from "../flags/watch.ts";

export const auditListCommand = buildCommand<AuditListFlags, [], CliContext>({
  docs: docs("List operators' commands, including refused ones, newest first", "", [
    "farrier audit list --machine web1",
    "farrier audit list --actor alice --limit 20 --output json",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      ...pageFlags,
      ...watchFlags,
      machine: textFlag("Only commands about this machine", "ID"),
      actor: textFlag("Only commands of this operator", "NAME"),
    },
  },
  loader: async () => (await import("../actions/audit-list.ts")).auditListAction,
});
