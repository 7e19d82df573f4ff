import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { commonFlags, dataDirectory, listenFlags, type CommonFlags } from "../flags.ts";

interface Flags extends CommonFlags {
  databaseUrl: string | undefined;
}

export const migrateCommand = buildCommand<Flags, [], CliContext>({
  docs: { brief: "Bring the database's schema up to this version" },
  parameters: { flags: { ...commonFlags, databaseUrl: listenFlags.databaseUrl } },
  async func(flags) {
    this.process.exitCode = await this.starters.migrate({
      dataDir: dataDirectory(flags, this.process.env),
      debug: this.debug,
      databaseUrl: flags.databaseUrl ?? (this.process.env["FARRIER_DATABASE_URL"] || undefined),
    });
  },
});
