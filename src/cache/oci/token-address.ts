import { getDomain } from "tldts";
import { isLoopback } from "../../lib/net/host-port.ts";
import type { Challenge } from "../../lib/net/http-challenges.ts";

/**
 * The address at which a registry's challenge says that tokens are given; undefined if it names none that may get the
 * registry's credentials: one of the registry's own host or domain, and encrypted if the registry is. Pure.
 */
export function tokenAddress({ parameters }: Challenge, registry: URL): URL | undefined {
  const url = URL.parse(parameters.get("realm") ?? "");
  if (url === null || !(url.protocol === "https:" || url.protocol === registry.protocol) || !isOwn(url, registry)) {
    return undefined;
  }
  url.username = "";
  url.password = "";
  for (const name of ["service", "scope"]) {
    const value = parameters.get(name);
    if (value !== undefined) {
      url.searchParams.set(name, value);
    }
  }
  return url;
}

function isOwn(url: URL, registry: URL): boolean {
  if (url.hostname === registry.hostname) {
    // On this host itself, each port is another service.
    return url.port === registry.port || !isLoopback(url.hostname.replace(/^\[|\]$/gu, ""));
  }
  const domain = (of: URL): string | null => getDomain(of.hostname, { allowPrivateDomains: true });
  return domain(url) !== null && domain(url) === domain(registry);
}
