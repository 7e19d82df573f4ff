import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { commonFlags, dataDirectory, listenFlags, type CommonFlags } from "../flags.ts";

interface Flags extends CommonFlags {
  databaseUrl: string | undefined;
}

export const backupCommand = buildCommand<Flags, [string], CliContext>({
  docs: { brief: "Write the whole control plane into one file, while it runs" },
  parameters: {
    flags: { ...commonFlags, databaseUrl: listenFlags.databaseUrl },
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "What to write; it will hold tokens and private keys",
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
