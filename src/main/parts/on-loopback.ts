import { lookup } from "node:dns/promises";
import { isLoopback, type HostPort } from "../../lib/net/host-port.ts";

/**
 * Whether only this host can reach what listens on the address: true if every IP address that its host resolves to is
 * a loopback address. A name that can't be resolved is on none, and neither is an empty host, which means all addresses.
 */
export async function onLoopback(
  { host }: Pick<HostPort, "host">,
  resolve: (name: string) => Promise<readonly { address: string }[]> = (name) => lookup(name, { all: true }),
): Promise<boolean> {
  if (host === "") {
    return false;
  }
  const addresses = await resolve(host).catch(() => []);
  return addresses.length > 0 && addresses.every(({ address }) => isLoopback(address.replace(/^::ffff:/u, "")));
}
