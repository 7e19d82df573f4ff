import { buildCommand } from "@stricli/core";
import type { HostPort } from "../../lib/host-port.ts";
import type { CliContext } from "../context.ts";
import {
  commonFlags,
  dataDirectory,
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
  docs: { brief: "Run everything in one process, on an embedded PostgreSQL" },
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
