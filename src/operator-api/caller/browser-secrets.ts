import { createHash } from "node:crypto";

/** The header in which a signed-in browser sends its key. A foreign page can't set it. */
export const consoleKeyHeader = "farrier-console-key";

/**
 * What a page sends in {@link consoleKeyHeader} when it has no key, because the browser's client certificate signs it in.
 */
export const certificateKey = "certificate";

/** What a signed-in browser presents: both, or it is not signed in. */
export interface BrowserSecrets {
  cookie: string;
  key: string;
}

/** 32 random bytes in base64url. */
const secretPattern = /^[A-Za-z0-9_-]{43}$/u;

/**
 * The name of a session's cookie, which its key determines: cookies are shared by all ports of a host, and one browser may
 * be signed in to several control planes behind tunnels. Over TLS, browsers accept a name that begins with `__Host-` only
 * from this very host, for all of its paths.
 */
export function cookieName(key: string, secure: boolean): string {
  const suffix = createHash("sha256").update(`cookie ${key}`).digest("hex").slice(0, 12);
  return `${secure ? "__Host-" : ""}farrier-${suffix}`;
}

/**
 * The secrets of a signed-in browser; undefined if the key, or the cookie that belongs to it, is missing.
 * @param secure true if the browser reached this server, or the proxy in front of it, over TLS
 */
export function browserSecrets(key: string, cookies: string, secure: boolean): BrowserSecrets | undefined {
  if (!secretPattern.test(key)) {
    return undefined;
  }
  const name = cookieName(key, secure);
  const values = cookies
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${name}=`))
    .map((part) => part.slice(name.length + 1));
  const [cookie, ...others] = values;
  // Two cookies of one name: another program of this host has set one, for a path or a domain.
  return cookie !== undefined && others.length === 0 && secretPattern.test(cookie) ? { cookie, key } : undefined;
}

/** The header `set-cookie` that signs a browser in, for `seconds`; with 0 it takes the cookie away. */
export function sessionCookie({ cookie, key }: BrowserSecrets, secure: boolean, seconds: number): string {
  return (
    `${cookieName(key, secure)}=${cookie}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict` +
    (secure ? "; Secure" : "")
  );
}
