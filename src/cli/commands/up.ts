import { buildCommand } from "@stricli/core";
import type { HostPort } from "../../lib/host-port.ts";
import type { CliContext } from "../context.ts";
import {
  commonFlags,
  dataDirectory,
  docs,
  listenFlags,
  operatorTlsFiles,
  type CommonFlags,
  type OperatorTlsFlags,
} from "../flags.ts";

interface Flags extends CommonFlags, OperatorTlsFlags {
  agents: HostPort;
  operators: HostPort;
  databaseUrl: string | undefined;
  serverName: readonly string[] | undefined;
}

export const upCommand = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Run everything in one process, on an embedded PostgreSQL",
    "Runs everything in one process, on an embedded PostgreSQL in the data directory, which is made where there is none.",
    [
      "farrier up",
      "farrier up --data-dir /var/lib/farrier --agents 0.0.0.0:8443 --server-name farrier.lab",
      "farrier up --database-url postgresql://farrier@db/farrier",
    ],
  ),
  parameters: { flags: { ...commonFlags, ...listenFlags } },
  async func(flags) {
    this.process.exitCode = await this.starters.up({
      dataDir: dataDirectory(flags, this.process.env),
      debug: this.debug,
      agents: flags.agents,
      operators: flags.operators,
      databaseUrl: flags.databaseUrl ?? (this.process.env["FARRIER_DATABASE_URL"] || undefined),
      serverNames: flags.serverName ?? [],
      operatorTls: operatorTlsFiles(flags),
    });
  },
});
