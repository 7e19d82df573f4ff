import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { commonFlags, dataDirectory, listenFlags, type CommonFlags } from "../flags.ts";

interface Flags extends CommonFlags {
  databaseUrl: string | undefined;
}

export const restoreCommand = buildCommand<Flags, [string], CliContext>({
  docs: { brief: "Put a backup into an empty database and data directory" },
  parameters: {
    flags: { ...commonFlags, databaseUrl: listenFlags.databaseUrl },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "What `farrier backup` wrote", placeholder: "FILE", parse: (value: string): string => value },
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
