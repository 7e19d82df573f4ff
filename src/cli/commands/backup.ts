import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { commonFlags, dataDirectory, docs, listenFlags, type CommonFlags } from "../line/flags.ts";

interface Flags extends CommonFlags {
  databaseUrl: string | undefined;
}

export const backupCommand = buildCommand<Flags, [string], CliContext>({
  docs: docs(
    "Write the whole control plane into one file, while it runs",
    "Writes the database, and the tokens, certificates and keys of the data directory, into one file, as of one " +
      "moment. Nothing is blocked meanwhile. `farrier restore` reads it.",
    [
      "farrier backup farrier.backup",
      "farrier backup /backup/farrier-$(date +%F) --database-url postgresql://farrier@db/farrier --data-dir /var/lib/farrier",
    ],
  ),
  parameters: {
    flags: { ...commonFlags, databaseUrl: listenFlags.databaseUrl },
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "File to write; it will hold tokens and private keys",
          placeholder: "FILE",
          parse: (value: string): string => value,
        },
      ],
    },
  },
  async func(flags, file) {
    this.process.exitCode = await this.starters.backup({
      dataDir: dataDirectory(flags, this.process.env),
      debug: this.debug,
      databaseUrl: flags.databaseUrl ?? (this.process.env["FARRIER_DATABASE_URL"] || undefined),
      file,
    });
  },
});
