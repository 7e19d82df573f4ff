import { buildCommand } from "@stricli/core";
import type { AuditListFlags } from "../actions/audit-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { timeFlag } from "../flags/time.ts";
import { repeatedFlag, textFlag } from "../flags/flag.ts";
import { pageFlags } from "../flags/page.ts";
import { watchFlags } from "../flags/watch.ts";

export const auditListCommand = buildCommand<AuditListFlags, [], CliContext>({
  docs: docs("List operators' commands, including refused ones, newest first", "", [
    "farrier audit list --machine web1",
    "farrier audit list --method MachineDelete --since 2d",
    "farrier audit list --result refused --since 2026-01-01",
    "farrier audit list --actor alice --limit 20 --output json",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      ...pageFlags,
      ...watchFlags,
      machine: textFlag("Only commands about this machine", "ID"),
      actor: textFlag("Only commands of this operator", "NAME"),
      method: repeatedFlag("Only calls of this name, such as MachineAdd; repeatable", "CALL"),
      result: {
        kind: "enum",
        optional: true,
        values: ["ok", "refused"],
        brief: "Only what was carried out, or what was not",
      },
      since: timeFlag("Only entries that are not older than this time, or than so long ago"),
      before: timeFlag("Only entries that are older"),
    },
  },
  loader: async () => (await import("../actions/audit-list.ts")).auditListAction,
});
