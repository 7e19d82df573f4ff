// Where images may come from, as a rule of the image policy names it: `images.example.org`, `*.example.org`,
// `images.example.org:8443`, `https://images.example.org/debian/`, `oci://registry.example.org/team/`.

/** What {@link isAllowedSource} accepts. */
export const allowedSourceExpected =
  "HOST, HOST:PORT or *.DOMAIN (https and oci), or the beginning of a URL without user and query, such as " +
  "https://images.example.org/debian/ or http://10.0.0.1:8080/";

interface Source {
  /** Absent: https and oci. */
  scheme?: string;
  /** Of all hosts below `name`. */
  below: boolean;
  name: string;
  /** "" = the scheme's own. */
  port: string;
  /** Without "/" at its end; "" = everything. */
  path: string;
}

const schemes = new Set(["http:", "https:", "oci:"]);
/** A server may read these as "/", "\" or ".." after the prefix was compared. */
const readOtherwise = /%(?:00|25|2e|2f|5c)|\\|\/\.{1,2};/iu;

/** True for a source that a rule can have. Pure. */
export function isAllowedSource(text: string): boolean {
  return sourceOf(text) !== undefined;
}

/** True if an image's URL is within the source. Pure. */
export function sourceAllows(text: string, url: URL): boolean {
  const source = sourceOf(text);
  if (source === undefined || !schemes.has(url.protocol)) {
    return false;
  }
  const { scheme = url.protocol === "http:" ? "" : url.protocol, below, name, port, path } = source;
  const host = url.hostname.toLowerCase();
  return (
    scheme === url.protocol &&
    (below ? host.endsWith(`.${name}`) : host === name) &&
    portOf(url) === port &&
    (path === "" ||
      (!readOtherwise.test(url.pathname) && (url.pathname === path || url.pathname.startsWith(`${path}/`))))
  );
}

function sourceOf(text: string): Source | undefined {
  if (text.length > 1_024 || /[\s?#@\\]/u.test(text)) {
    return undefined;
  }
  const prefix = text.includes("://") ? URL.parse(text) : null;
  if (prefix !== null) {
    const path = prefix.pathname.replace(/\/$/u, "");
    return schemes.has(prefix.protocol) && prefix.hostname !== "" && !readOtherwise.test(path)
      ? { scheme: prefix.protocol, below: false, name: prefix.hostname.toLowerCase(), port: portOf(prefix), path }
      : undefined;
  }
  const below = text.startsWith("*.");
  const host = /[/*]/u.test(below ? text.slice(2) : text)
    ? null
    : URL.parse(`https://${below ? text.slice(2) : text}/`);
  return host === null || host.hostname === "" || (below && /^[\d.]+$|^\[|^[^.]+$/u.test(host.hostname))
    ? undefined
    : { below, name: host.hostname, port: portOf(host), path: "" };
}

/** URLs with the scheme oci keep their port, even if it is the usual one. */
function portOf({ protocol, port }: URL): string {
  return protocol === "oci:" && port === "443" ? "" : port;
}
