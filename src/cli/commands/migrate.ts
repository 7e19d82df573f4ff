import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { commonFlags, dataDirectory, docs, listenFlags, type CommonFlags } from "../line/flags.ts";

interface Flags extends CommonFlags {
  databaseUrl: string | undefined;
}

export const migrateCommand = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Bring the database's schema up to this version",
    "Brings the database's schema up to this version. `farrier up` does it by itself, `farrier server` with --migrate.",
    ["farrier migrate --database-url postgresql://farrier@db/farrier", "farrier migrate --data-dir /var/lib/farrier"],
  ),
  parameters: { flags: { ...commonFlags, databaseUrl: listenFlags.databaseUrl } },
  async func(flags) {
    this.process.exitCode = await this.starters.migrate({
      dataDir: dataDirectory(flags, this.process.env),
      debug: this.debug,
      databaseUrl: flags.databaseUrl ?? (this.process.env["FARRIER_DATABASE_URL"] || undefined),
    });
  },
});
