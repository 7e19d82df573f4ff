import { buildCommand } from "@stricli/core";
import { parseHostPort, type HostPort } from "../../lib/net/host-port.ts";
import type { CliContext } from "../context.ts";
import {
  commonFlags,
  dataDirectory,
  docs,
  listenFlags,
  netbootFlags,
  operatorTlsFiles,
  optionalFlag,
  type CommonFlags,
  type OperatorTlsFlags,
  textFlag,
} from "../line/flags.ts";

interface Flags extends CommonFlags, OperatorTlsFlags {
  agents: HostPort;
  operators: HostPort;
  databaseUrl: string | undefined;
  databaseUser: string | undefined;
  secretsKey: string | undefined;
  serverName: readonly string[] | undefined;
  operatorName: readonly string[] | undefined;
  netboot: HostPort | "off" | undefined;
  bootImages: string | undefined;
  kernelArguments: string;
}

/** The address of network boot, by default. */
const netbootDefault = "127.0.0.1:8081";

export const upCommand = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Run everything in one process, on an embedded PostgreSQL",
    "Runs everything in one process, on an embedded PostgreSQL in the data directory, which is created if it is missing.",
    [
      "farrier up",
      "farrier up --data-dir /var/lib/farrier --agents 0.0.0.0:8443 --server-name farrier.lab",
      "farrier up --database-url postgresql://farrier@db/farrier",
      "farrier up --agents 0.0.0.0:8443 --netboot 0.0.0.0:8081",
    ],
  ),
  parameters: {
    flags: {
      ...commonFlags,
      ...listenFlags,
      databaseUser: textFlag(
        "System user of the embedded PostgreSQL if root starts it (default: farrier-db, created if missing)",
        "NAME",
      ),
      netboot: optionalFlag(
        `Address of network boot, or "off" (or FARRIER_NETBOOT; default: ${netbootDefault})`,
        "HOST:PORT",
        parseNetboot,
      ),
      ...netbootFlags,
    },
  },
  async func(flags) {
    const netboot = flags.netboot ?? parseNetboot(this.process.env["FARRIER_NETBOOT"] || netbootDefault);
    this.process.exitCode = await this.starters.up({
      dataDir: dataDirectory(flags, this.process.env),
      debug: this.debug,
      agents: flags.agents,
      operators: flags.operators,
      databaseUser: flags.databaseUser,
      databaseUrl: flags.databaseUrl ?? (this.process.env["FARRIER_DATABASE_URL"] || undefined),
      secretsKey: flags.secretsKey,
      serverNames: flags.serverName ?? [],
      operatorNames: flags.operatorName ?? [],
      operatorTls: operatorTlsFiles(flags),
      netboot: netboot === "off" ? undefined : netboot,
      bootImages: flags.bootImages,
      kernelArguments: flags.kernelArguments,
    });
  },
});

/** @throws {RangeError} */
function parseNetboot(value: string): HostPort | "off" {
  return value === "off" ? value : parseHostPort(value);
}
