import type { HostPort } from "../../lib/net/host-port.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { cacheOptions, type CacheFlags } from "../flags/cache.ts";
import { dataDirectory, type CommonFlags } from "../flags/common.ts";
import { databaseUrlRequired, type DatabaseFlags } from "../flags/database.ts";
import { cameUpAddress, operatorTlsFiles, type CameUpFlags, type OperatorTlsFlags } from "../flags/listen.ts";
import type { AgentTlsFiles, ImageCacheOptions } from "../../main/options.ts";

/** Flags of `farrier server`. */
export interface ServerFlags extends CommonFlags, OperatorTlsFlags, CameUpFlags, DatabaseFlags, CacheFlags {
  cacheListen: HostPort | undefined;
  agents: HostPort;
  operators: HostPort;
  secretsKey: string | undefined;
  serverName: readonly string[] | undefined;
  operatorName: readonly string[] | undefined;
  migrate: boolean | undefined;
  workers: number | undefined;
  tlsCert: string | undefined;
  tlsKey: string | undefined;
  tlsCa: string | undefined;
}

/** `farrier server` */
export async function serverAction(this: CliContext, flags: ServerFlags): Promise<void> {
  const databaseUrl = databaseUrlRequired(flags, this.process.env);
  const workers = flags.workers ?? 1;
  const ports = { "--agents": flags.agents, "--operators": flags.operators, "--came-up": flags.cameUp };
  const [flag] = Object.entries(ports).find(([, address]) => address?.port === 0) ?? [];
  if (workers > 1 && flag !== undefined) {
    throw new CliError("usage", `${flag} has port 0, but ${workers} workers share a port: name one`);
  }
  this.process.exitCode = await this.starters.server({
    dataDir: dataDirectory(flags, this.process.env),
    debug: this.debug,
    agents: flags.agents,
    operators: flags.operators,
    cameUp: cameUpAddress(flags),
    databaseUrl,
    secretsKey: flags.secretsKey,
    serverNames: flags.serverName ?? [],
    operatorNames: flags.operatorName ?? [],
    operatorTls: operatorTlsFiles(flags),
    migrate: flags.migrate ?? false,
    workers,
    cache: cacheOf(flags),
    tls: tlsFiles(flags),
  });
}

/** @throws {CliError} `usage` for flags of a cache that is not served */
function cacheOf(flags: ServerFlags): ImageCacheOptions | undefined {
  const { cacheListen, cache, cacheUrl, cacheCredentials } = flags;
  if (cacheListen === undefined && [cache, cacheUrl, cacheCredentials].some((one) => one !== undefined)) {
    throw new CliError("usage", "--cache, --cache-url and --cache-credentials need --cache-listen HOST:PORT");
  }
  return cacheListen === undefined ? undefined : { ...cacheOptions(flags), listen: cacheListen };
}

function tlsFiles({ tlsCert, tlsKey, tlsCa }: ServerFlags): AgentTlsFiles | undefined {
  if (tlsCert !== undefined && tlsKey !== undefined && tlsCa !== undefined) {
    return { certFile: tlsCert, keyFile: tlsKey, caFile: tlsCa };
  }
  if (tlsCert !== undefined || tlsKey !== undefined || tlsCa !== undefined) {
    throw new CliError("usage", "--tls-cert, --tls-key and --tls-ca go together: give all three, or none");
  }
  return undefined;
}
