import { formatHostPort, isLoopback, type HostPort } from "../lib/net/host-port.ts";

/**
 * The addresses by which machines fetch from a cache: the given one, or the address of its listener; none if it listens
 * on all addresses of this host and none is known that machines reach. Pure.
 */
export function cacheUrls(
  listening: HostPort,
  known: {
    /** As the operator gave it. */
    given?: string | undefined;
    /** A name of this host that machines reach. */
    name?: string | undefined;
    /** How virtual machines on this host reach its loopback. */
    guestsReach?: string | undefined;
  },
): string[] {
  if (known.given !== undefined) {
    return [known.given];
  }
  const { host, port } = listening;
  const wildcard = ["", "0.0.0.0", "::"].includes(host);
  const hosts = wildcard ? [known.name] : [host, isLoopback(host) ? known.guestsReach : undefined];
  return hosts.flatMap((one) => (one === undefined ? [] : [`http://${formatHostPort({ host: one, port })}`]));
}
