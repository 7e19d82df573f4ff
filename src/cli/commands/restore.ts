import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { commonFlags, dataDirectory, docs, listenFlags, type CommonFlags } from "../line/flags.ts";

interface Flags extends CommonFlags {
  databaseUrl: string | undefined;
}

export const restoreCommand = buildCommand<Flags, [string], CliContext>({
  docs: docs(
    "Put a backup into an empty database and data directory",
    "Restores a backup into a database and a data directory. Both must be empty; otherwise nothing is changed.",
    [
      "farrier restore farrier.backup --data-dir fresh",
      "farrier restore farrier.backup --database-url postgresql://farrier@db/fresh --data-dir /var/lib/farrier",
    ],
  ),
  parameters: {
    flags: { ...commonFlags, databaseUrl: listenFlags.databaseUrl },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "A file that `farrier backup` wrote", placeholder: "FILE", parse: (value: string): string => value },
      ],
    },
  },
  async func(flags, file) {
    this.process.exitCode = await this.starters.restore({
      dataDir: dataDirectory(flags, this.process.env),
      debug: this.debug,
      databaseUrl: flags.databaseUrl ?? (this.process.env["FARRIER_DATABASE_URL"] || undefined),
      file,
    });
  },
});
