import { getDomain } from "tldts";
import { isLoopback } from "../../../lib/net/host-port.ts";
import { shownUrl } from "../../../lib/net/shown-url.ts";
import type { HttpAnswer } from "./http-answer.ts";
import { challenges } from "../../../lib/net/http-challenges.ts";

/** Where to get a registry's token, or why nowhere. */
export type TokenServer =
  /** `named`: the request names its host. */
  { kind: "found"; url: URL; named: boolean } | { kind: "none"; reason: string };

/**
 * Finds the token server that a registry's 401 names. A token server's answer is sent to the registry, so only a server
 * of the registry's own domain, or a server that the request names, is asked. Pure.
 */
export function tokenServer(of: {
  answer: Pick<HttpAnswer, "url" | "headers">;
  registry: URL;
  tokenHosts: readonly string[];
}): TokenServer {
  const { answer, registry, tokenHosts } = of;
  const none = (why: string): TokenServer => ({ kind: "none", reason: `${shownUrl(answer.url)} answered 401 ${why}` });
  if (answer.url.host !== registry.host) {
    return none(`after a redirect from ${registry.host}: such servers get no token`);
  }
  const offered = challenges(answer.headers["www-authenticate"] ?? "");
  const bearer = offered.filter(({ scheme, parameters }) => scheme === "bearer" && parameters.has("realm"));
  if (bearer.length === 0) {
    const schemes = [...new Set(offered.map(({ scheme }) => scheme))].join(", ").slice(0, 100);
    return none(
      `and offers no anonymous token (${schemes === "" ? "it names no way to authenticate" : `it wants ${schemes}`}): make the ` +
        "repository readable for everybody",
    );
  }
  const realms = bearer.map(({ parameters }) => ({
    parameters,
    url: URL.parse(parameters.get("realm") ?? "", answer.url),
  }));
  for (const { parameters, url } of realms) {
    const usable = url?.protocol === "https:" || (url?.protocol === "http:" && answer.url.protocol === "http:");
    const named =
      url !== null && tokenHosts.some((host) => host.toLowerCase() === url.host || host.toLowerCase() === url.hostname);
    if (url !== null && usable && (named || isOwn(url, registry))) {
      for (const name of ["service", "scope"]) {
        const value = parameters.get(name);
        if (value !== undefined) {
          url.searchParams.set(name, value);
        }
      }
      return { kind: "found", url, named };
    }
  }
  const { url, parameters } = realms[0] ?? {};
  const where = shownUrl(url ?? parameters?.get("realm") ?? "");
  return none(
    `and names "${where}" as its token server, which is not in its own domain, or not https: if that is right, name the host in the ` +
      `request (--image-token-host ${url?.host ?? "HOST"})`,
  );
}

/** On the registry's own host or in its domain; on this machine itself, each port is a separate service. */
function isOwn(url: URL, registry: URL): boolean {
  if (url.hostname === registry.hostname) {
    return url.port === registry.port || !isLoopback(url.hostname.replace(/^\[|\]$/gu, ""));
  }
  // By the public suffix list: below co.uk, or at a host with many customers, each domain has another owner.
  const domain = (of: URL): string | null => getDomain(of.hostname, { allowPrivateDomains: true });
  return domain(url) !== null && domain(url) === domain(registry);
}
