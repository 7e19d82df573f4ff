import { buildCommand } from "@stricli/core";
import type { MigrateFlags } from "../actions/migrate.ts";
import type { CliContext } from "../context.ts";
import { commonFlags } from "../flags/common.ts";
import { databaseFlag } from "../flags/database.ts";
import { docs } from "../line/docs.ts";

export const migrateCommand = buildCommand<MigrateFlags, [], CliContext>({
  docs: docs(
    "Bring the database's schema up to this version",
    "Brings the database's schema up to this version. `farrier up` does it by itself, `farrier server` with --migrate.",
    ["farrier migrate --database-url postgresql://farrier@db/farrier", "farrier migrate --data-dir /var/lib/farrier"],
  ),
  parameters: { flags: { ...commonFlags, ...databaseFlag } },
  loader: async () => (await import("../actions/migrate.ts")).migrateAction,
});
