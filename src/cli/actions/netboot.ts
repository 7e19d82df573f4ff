import { isLoopback, type HostPort } from "../../lib/net/host-port.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { cacheOptions, type CacheFlags } from "../flags/cache.ts";
import { dataDirectory, type CommonFlags } from "../flags/common.ts";
import { databaseUrlRequired, type DatabaseFlags } from "../flags/database.ts";
import type { ImageCacheOptions, NetbootDhcp } from "../../main/options.ts";

/** Flags of `farrier netboot`. */
export interface NetbootFlags extends CommonFlags, DatabaseFlags, CacheFlags {
  secretsKey: string | undefined;
  listen: HostPort;
  agents: HostPort | undefined;
  tlsCa: string | undefined;
  bootImages: string | undefined;
  kernelArguments: string;
  mediaUrl: string | undefined;
  dhcpInterface: string | undefined;
  dhcpRange: string | undefined;
  proxyDhcp: boolean | undefined;
  dhcpRouter: string | undefined;
  dhcpDns: string | undefined;
}

/** `farrier netboot` */
export async function netbootAction(this: CliContext, flags: NetbootFlags): Promise<void> {
  const databaseUrl = databaseUrlRequired(flags, this.process.env);
  this.process.exitCode = await this.starters.netboot({
    dataDir: dataDirectory(flags, this.process.env),
    debug: this.debug,
    databaseUrl,
    listen: flags.listen,
    bootImages: flags.bootImages,
    kernelArguments: flags.kernelArguments,
    mediaUrl: flags.mediaUrl,
    agents: flags.agents,
    caFile: flags.tlsCa,
    cache: cacheOf(flags),
    secretsKey: flags.secretsKey,
    dhcp: dhcpOf(flags),
  });
}

/** @throws {CliError} `usage` for flags of a cache that it does not have */
function cacheOf(flags: NetbootFlags): ImageCacheOptions | undefined {
  if (
    flags.cache === undefined &&
    [flags.cacheUrl, flags.cacheCredentials, flags.secretsKey].some((one) => one !== undefined)
  ) {
    throw new CliError("usage", "--cache-url, --cache-credentials and --secrets-key need --cache DIR");
  }
  return flags.cache === undefined ? undefined : cacheOptions(flags);
}

/** @throws {CliError} `usage` if the flags contradict each other */
function dhcpOf(flags: NetbootFlags): NetbootDhcp | undefined {
  const { dhcpInterface, dhcpRange: range, proxyDhcp = false, dhcpRouter: router, dhcpDns: dns } = flags;
  if (dhcpInterface === undefined) {
    if (range !== undefined || proxyDhcp || router !== undefined || dns !== undefined) {
      throw new CliError("usage", "--dhcp-range, --proxy-dhcp, --dhcp-router and --dhcp-dns need --dhcp-interface IF");
    }
    return undefined;
  }
  if ((range === undefined) !== proxyDhcp) {
    throw new CliError(
      "usage",
      "--dhcp-interface needs one of --dhcp-range A,B (no other DHCP server is there) and --proxy-dhcp (one is)",
    );
  }
  if (isLoopback(flags.listen.host)) {
    throw new CliError(
      "usage",
      `machines on ${dhcpInterface} can't reach --listen ${flags.listen.host}: listen on 0.0.0.0`,
    );
  }
  return { interface: dhcpInterface, range, router, dns };
}
