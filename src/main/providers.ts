// The list of providers: a new one is a folder of src/providers and an entry here.
import { join } from "node:path";
import { netbootUrlOf, netbootUrlRead, netbootUrlWrite } from "../lab/netboot-url.ts";
import { labProvider } from "../providers/lab/provider.ts";
import { staticProvider } from "../providers/static/provider.ts";
import { systemClock } from "../lib/clock.ts";
import type { HostPort } from "../lib/net/host-port.ts";
import type { Logger } from "../lib/log.ts";
import type { Provider } from "../shepherd/provider.ts";

/** The lab's folder in a data directory. */
export function labDirectory(dataDir: string): string {
  return join(dataDir, "lab");
}

/** A lab as a provider, whose notes go to the log. @param netboot where netboot listens; absent means where it last did */
export async function labOf(directory: string, log: Logger, netboot?: HostPort): Promise<Provider> {
  if (netboot !== undefined) {
    await netbootUrlWrite(directory, netbootUrlOf(netboot));
  }
  const note = (text: string): void => log.warn(text);
  return labProvider({ directory, netbootUrl: await netbootUrlRead(directory), clock: systemClock, note });
}

/** The provider of a name without configuration: its machines are added by hand. */
export function unlistedProvider(name: string): Provider {
  return staticProvider(name);
}
