// The one list of the providers that there are: a new one is a folder of src/providers and an entry here.
import { join } from "node:path";
import { netbootUrlOf, netbootUrlRead, netbootUrlWrite } from "../lab/netboot-url.ts";
import { labProvider } from "../providers/lab/provider.ts";
import { staticProvider } from "../providers/static/provider.ts";
import { systemClock } from "../lib/clock.ts";
import type { HostPort } from "../lib/net/host-port.ts";
import type { Provider } from "../shepherd/provider.ts";

/** Where the lab of a data directory is. */
export function labDirectory(dataDir: string): string {
  return join(dataDir, "lab");
}

/** A lab as a provider. @param netboot where netboot listens; absent = where it did last */
export async function labOf(directory: string, netboot?: HostPort): Promise<Provider> {
  if (netboot !== undefined) {
    await netbootUrlWrite(directory, netbootUrlOf(netboot));
  }
  return labProvider({ directory, netbootUrl: await netbootUrlRead(directory), clock: systemClock });
}

/** The provider of a name for which nothing is configured: its machines are listed by hand. */
export function unlistedProvider(name: string): Provider {
  return staticProvider(name);
}
