// The providers of a process. The list of their types is src/providers/configuration/provider-of.ts.
import { join } from "node:path";
import { netbootUrlOf, netbootUrlRead, netbootUrlWrite } from "../lab/netboot-url.ts";
import { providersFollow } from "../providers/configuration/providers-follow.ts";
import { labProvider } from "../providers/lab/provider.ts";
import { staticProvider } from "../providers/static/provider.ts";
import { systemClock } from "../lib/clock.ts";
import type { AddressGuard } from "../lib/net/address-guard.ts";
import type { HostPort } from "../lib/net/host-port.ts";
import type { Logger } from "../lib/log.ts";
import type { Provider } from "../shepherd/provider.ts";
import type { ProvidersSource } from "../shepherd/providing/keep.ts";

/** The lab's folder in a data directory. */
export function labDirectory(dataDir: string): string {
  return join(dataDir, "lab");
}

/**
 * A lab as a provider, whose notes go to the log.
 * @param netboot where netboot listens; absent means where it last did
 * @param configured its name and settings; absent means the lab's own name
 */
export async function labOf(
  directory: string,
  log: Logger,
  netboot?: HostPort,
  configured: { name?: string; autostart?: boolean } = {},
): Promise<Provider> {
  if (netboot !== undefined) {
    await netbootUrlWrite(directory, netbootUrlOf(netboot));
  }
  const note = (text: string): void => log.warn(text);
  return labProvider({ directory, netbootUrl: await netbootUrlRead(directory), clock: systemClock, note }, configured);
}

/**
 * The providers of a process: the given ones, and those of the file, if there is one. A name in the file takes the place of
 * a given provider. SIGHUP has the file read again.
 * @throws {ProvidersFileError} if the file is not in order
 */
export async function providersOf(
  given: readonly Provider[],
  {
    file,
    guard,
    netboot,
    log,
  }: { file: string | undefined; guard: () => Promise<AddressGuard>; netboot: HostPort | undefined; log: Logger },
): Promise<ProvidersSource & AsyncDisposable> {
  if (file === undefined) {
    return {
      current: () => ({ providers: given }),
      changed: () => new Promise(() => undefined),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const followed = await providersFollow(file, {
    ...{ guard, log, clock: systemClock },
    lab: ({ directory, name, autostart }) => labOf(directory, log, netboot, { name, autostart }),
  });
  const hangUp = (): void => void followed.reread();
  process.on("SIGHUP", hangUp);
  return {
    current: () => {
      const { providers, file: note } = followed.current();
      const names = new Set(providers.map(({ name }) => name));
      return { providers: [...given.filter(({ name }) => !names.has(name)), ...providers], file: note };
    },
    changed: () => followed.changed(),
    [Symbol.asyncDispose]: async () => {
      process.off("SIGHUP", hangUp);
      await followed[Symbol.asyncDispose]();
    },
  };
}

/** The provider of a name without configuration: its machines are added by hand. */
export function unlistedProvider(name: string): Provider {
  return staticProvider(name);
}
