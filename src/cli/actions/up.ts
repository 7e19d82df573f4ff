import type { HostPort } from "../../lib/net/host-port.ts";
import type { CliContext } from "../context.ts";
import { cacheOptions, type CacheFlags } from "../flags/cache.ts";
import { dataDirectory, type CommonFlags } from "../flags/common.ts";
import { databaseUrlGiven, type DatabaseFlags } from "../flags/database.ts";
import { cameUpAddress, operatorTlsFiles, type CameUpFlags, type OperatorTlsFlags } from "../flags/listen.ts";
import { netbootDefault, parseNetboot } from "../line/netboot-address.ts";

/** Flags of `farrier up`. */
export interface UpFlags extends CommonFlags, OperatorTlsFlags, CameUpFlags, DatabaseFlags, CacheFlags {
  agents: HostPort;
  operators: HostPort;
  databaseUser: string | undefined;
  secretsKey: string | undefined;
  providers: string | undefined;
  serverName: readonly string[] | undefined;
  operatorName: readonly string[] | undefined;
  netboot: HostPort | "off" | undefined;
  bootImages: string | undefined;
  kernelArguments: string;
  mediaUrl: string | undefined;
}

/** `farrier up` */
export async function upAction(this: CliContext, flags: UpFlags): Promise<void> {
  const netboot = flags.netboot ?? parseNetboot(this.process.env["FARRIER_NETBOOT"] || netbootDefault);
  this.process.exitCode = await this.starters.up({
    dataDir: dataDirectory(flags, this.process.env),
    debug: this.debug,
    agents: flags.agents,
    operators: flags.operators,
    cameUp: cameUpAddress(flags),
    databaseUser: flags.databaseUser,
    databaseUrl: databaseUrlGiven(flags, this.process.env),
    secretsKey: flags.secretsKey,
    providers: flags.providers,
    serverNames: flags.serverName ?? [],
    operatorNames: flags.operatorName ?? [],
    operatorTls: operatorTlsFiles(flags),
    netboot: netboot === "off" ? undefined : netboot,
    bootImages: flags.bootImages,
    kernelArguments: flags.kernelArguments,
    mediaUrl: flags.mediaUrl,
    cache: cacheOptions(flags),
  });
}
