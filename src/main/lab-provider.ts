import { join } from "node:path";
import { netbootUrlOf, netbootUrlRead, netbootUrlWrite } from "../lab/netboot-url.ts";
import { labProvider } from "../lab/provider.ts";
import { systemClock } from "../lib/clock.ts";
import type { HostPort } from "../lib/host-port.ts";
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
