import { buildCommand } from "@stricli/core";
import type { HostPort } from "../../lib/net/host-port.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import {
  commonFlags,
  dataDirectory,
  docs,
  listenFlags,
  operatorTlsFiles,
  optionalFlag,
  parsePositive,
  switchFlag,
  textFlag,
  type CommonFlags,
  type OperatorTlsFlags,
} from "../line/flags.ts";
import type { AgentTlsFiles } from "../starters.ts";

interface Flags extends CommonFlags, OperatorTlsFlags {
  agents: HostPort;
  operators: HostPort;
  databaseUrl: string | undefined;
  secretsKey: string | undefined;
  serverName: readonly string[] | undefined;
  operatorName: readonly string[] | undefined;
  migrate: boolean | undefined;
  workers: number | undefined;
  tlsCert: string | undefined;
  tlsKey: string | undefined;
  tlsCa: string | undefined;
}

export const serverCommand = buildCommand<Flags, [], CliContext>({
  docs: docs("Serve agents and operators, on an existing PostgreSQL; run any number of copies", "", [
    "farrier server --database-url postgresql://farrier@db/farrier --agents 0.0.0.0:8443 --server-name farrier.lab",
    "farrier server --database-url postgresql://farrier@db/farrier --migrate --workers 4",
    "farrier server --database-url postgresql://farrier@db/farrier --operators 0.0.0.0:8080 --operator-ca operators.pem",
  ]),
  parameters: {
    flags: {
      ...commonFlags,
      ...listenFlags,
      migrate: switchFlag("Migrate the database first"),
      workers: optionalFlag("Number of processes that share the ports (default: 1)", "N", parsePositive),
      tlsCert: textFlag("Certificate of the agent port, PEM (default: made and kept in the data directory)", "FILE"),
      tlsKey: textFlag("Its private key, PEM", "FILE"),
      tlsCa: textFlag("CA of that certificate, PEM", "FILE"),
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
    const workers = flags.workers ?? 1;
    if (workers > 1 && (flags.agents.port === 0 || flags.operators.port === 0)) {
      const flag = flags.agents.port === 0 ? "--agents" : "--operators";
      throw new CliError("usage", `${flag} has port 0, but ${workers} workers share a port: name one`);
    }
    this.process.exitCode = await this.starters.server({
      dataDir: dataDirectory(flags, this.process.env),
      debug: this.debug,
      agents: flags.agents,
      operators: flags.operators,
      databaseUrl,
      secretsKey: flags.secretsKey,
      serverNames: flags.serverName ?? [],
      operatorNames: flags.operatorName ?? [],
      operatorTls: operatorTlsFiles(flags),
      migrate: flags.migrate ?? false,
      workers,
      tls: tlsFiles(flags),
    });
  },
});

function tlsFiles({ tlsCert, tlsKey, tlsCa }: Flags): AgentTlsFiles | undefined {
  if (tlsCert !== undefined && tlsKey !== undefined && tlsCa !== undefined) {
    return { certFile: tlsCert, keyFile: tlsKey, caFile: tlsCa };
  }
  if (tlsCert !== undefined || tlsKey !== undefined || tlsCa !== undefined) {
    throw new CliError("usage", "--tls-cert, --tls-key and --tls-ca go together: give all three, or none");
  }
  return undefined;
}
