import { buildCommand } from "@stricli/core";
import { parseHostPort, type HostPort } from "../../lib/net/host-port.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import {
  commonFlags,
  dataDirectory,
  docs,
  listenFlags,
  optionalFlag,
  textFlag,
  type CommonFlags,
} from "../line/flags.ts";

interface Flags extends CommonFlags {
  lab: string | undefined;
  netboot: HostPort | undefined;
  databaseUrl: string | undefined;
  secretsKey: string | undefined;
}

export const shepherdCommand = buildCommand<Flags, [], CliContext>({
  docs: docs("Start agents and recover machines, on an existing PostgreSQL; run any number of copies", "", [
    "farrier shepherd --database-url postgresql://farrier@db/farrier",
    "FARRIER_DATABASE_URL=postgresql://farrier@db/farrier farrier shepherd",
  ]),
  parameters: {
    flags: {
      ...commonFlags,
      databaseUrl: listenFlags.databaseUrl,
      secretsKey: listenFlags.secretsKey,
      lab: textFlag("Directory of lab machines to manage: `lab` in a data directory", "DIR"),
      netboot: optionalFlag("Where `farrier netboot` listens, for lab machines", "HOST:PORT", parseHostPort),
    },
  },
  async func(flags) {
    const databaseUrl = flags.databaseUrl ?? (this.process.env["FARRIER_DATABASE_URL"] || undefined);
    if (databaseUrl === undefined) {
      throw new CliError(
        "usage",
        "no database is named: give --database-url URL or FARRIER_DATABASE_URL (`farrier up` brings its own)",
      );
    }
    this.process.exitCode = await this.starters.shepherd({
      dataDir: dataDirectory(flags, this.process.env),
      debug: this.debug,
      databaseUrl,
      secretsKey: flags.secretsKey,
      lab: flags.lab,
      netboot: flags.netboot,
    });
  },
});
