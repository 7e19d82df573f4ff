import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";

/** The names of a server. */
export interface OwnNames {
  /** True if the server has this name: a DNS name in lower case or an IP address, without brackets and port. */
  covers(host: string): boolean;
  /** True for the names of a proxy to this server, which may terminate TLS itself. */
  proxied(host: string): boolean;
}

/** What a request's headers say about its sender and its target. */
export interface RequestOrigin {
  /** True if the request came over TLS. */
  secure: boolean;
  /** Each Host header, and HTTP/2's :authority. */
  hosts: readonly string[];
  origin: string | undefined;
  /** The header Sec-Fetch-Site. */
  fetchSite: string | undefined;
}

/** Why a request is refused: the HTTP status, and a message with what to do. */
export interface OriginRefusal {
  status: 400 | 403 | 421;
  message: string;
}

/** The names by which callers on this host may call a server on a loopback address. */
const loopbackNames: readonly string[] = ["localhost", "127.0.0.1", "::1"];

/**
 * The names of a server: those in `certificatePem`, those in `proxyNames` (a leading `*.` stands for one label), and,
 * if it listens on a loopback address, that address and the host's own names.
 */
export function ownNames(options: {
  /** The address that it listens on, if that is a loopback address. */
  loopback?: string | undefined;
  certificatePem?: string | undefined;
  proxyNames: readonly string[];
}): OwnNames {
  const { loopback, proxyNames } = options;
  const certificate = options.certificatePem === undefined ? undefined : new X509Certificate(options.certificatePem);
  const local = new Set(loopback === undefined ? [] : [...loopbackNames, loopback.toLowerCase()]);
  const proxies = proxyNames.map((name) => name.toLowerCase());
  const proxied = (host: string): boolean =>
    proxies.some((name) =>
      name.startsWith("*.")
        ? host.slice(host.indexOf(".") + 1) === name.slice(2) && host !== name.slice(2)
        : name === host,
    );
  return {
    covers: (host) =>
      local.has(host) ||
      proxied(host) ||
      (certificate !== undefined &&
        (isIP(host) === 0 ? certificate.checkHost(host, { subject: "never" }) : certificate.checkIP(host)) !==
          undefined),
    proxied,
  };
}

/**
 * Refuses requests that a foreign web page makes a browser send: under another name than the server's (DNS rebinding),
 * from another origin, or marked by the browser as cross-site (Fetch Metadata, https://www.w3.org/TR/fetch-metadata/).
 * A browser adds a client certificate by itself, whichever page asks. Undefined if the request is acceptable. Pure.
 */
export function originRefusal(request: RequestOrigin, names: OwnNames, flag?: string): OriginRefusal | undefined {
  const scheme = request.secure ? "https" : "http";
  const asked = request.hosts.map((text) => parseAuthority(scheme, text));
  const [first, ...others] = asked;
  if (first === undefined || others.some((other) => other?.host !== first.host)) {
    return {
      status: 400,
      message: "the request's Host header is missing, not valid, or there more than once: send one",
    };
  }
  if (!names.covers(first.name)) {
    return {
      status: 421,
      message:
        `this server is not called ${shown(first.name)}: call it by a name of its certificate, or, on a loopback address, by ` +
        `localhost, 127.0.0.1 or [::1]${flag === undefined ? "" : `; for a proxy in front of it, start it with ${flag} NAME`}`,
    };
  }
  const { origin, fetchSite } = request;
  if (origin !== undefined) {
    const schemes = names.proxied(first.name) ? [scheme, "https"] : [scheme];
    if (!schemes.some((one) => sameOrigin(origin, one, request.hosts[0] ?? ""))) {
      return {
        status: 403,
        message: `a page of the origin ${shown(origin)} may not call this server: expected ${scheme}://${first.host}, or no Origin header`,
      };
    }
  }
  if (fetchSite !== undefined && fetchSite !== "same-origin" && fetchSite !== "none") {
    return { status: 403, message: "a page of another site may not call this server: call it from its own origin" };
  }
  return undefined;
}

/**
 * The host with its port unless that is the scheme's default, and the host alone; undefined if the text is not an
 * authority.
 */
function parseAuthority(scheme: string, text: string): { host: string; name: string } | undefined {
  // Characters that the URL parser would split at, or silently drop, are not part of a host.
  if (text === "" || /[\s/?#@\\%]/u.test(text) || !URL.canParse(`${scheme}://${text}`)) {
    return undefined;
  }
  const { host, hostname } = new URL(`${scheme}://${text}`);
  return { host, name: hostname.replace(/^\[|\]$/gu, "").replace(/\.$/u, "") };
}

function sameOrigin(origin: string, scheme: string, authority: string): boolean {
  return URL.canParse(origin) && new URL(origin).origin === new URL(`${scheme}://${authority}`).origin;
}

/** A caller's text for a message: escaped and short. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
