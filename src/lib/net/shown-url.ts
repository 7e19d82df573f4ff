// The secrets of a URL: its user, its password, and its query, where signed URLs have their key.

/** Maximum characters of a URL that are shown. */
const shownMost = 500;

/** The URL for people: as {@link bareUrl}, and cut where it is long. Nothing can be fetched from it: use `bareUrl`. */
export function shownUrl(url: URL | string): string {
  return bareUrl(url).slice(0, shownMost);
}

/**
 * The whole URL without user, password, query and fragment. From text that is not a URL, everything that could be one of
 * these is removed too.
 */
export function bareUrl(url: URL | string): string {
  const text = typeof url === "string" ? url : url.href;
  const [address = ""] = text.split(/[?#]/u, 1);
  // The last "@" of the authority ends the user. The URL parser treats backslashes as slashes.
  const shown = /^(?<scheme>[a-z][a-z0-9+.-]*:)?(?<slashes>[/\\]{2,})(?<authority>[^/\\]*)/iu.exec(address);
  if (shown?.groups === undefined) {
    // USER:PASSWORD@HOST, whose scheme was forgotten.
    return address.replace(/^[^/\\@]*:[^/\\]*@/u, "");
  }
  const { scheme = "", slashes = "", authority = "" } = shown.groups;
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  return `${scheme}${slashes}${host}${address.slice(shown[0].length)}`;
}

/** The value of a flag or a field for people: as {@link shownUrl} shows it where it may be a URL. */
export function shownValue(value: string): string {
  return urlLike.test(value) ? shownUrl(value) : value;
}

// A URL, or one whose scheme was forgotten before its user and password.
const urlLike = /:\/\/|^\/\/|^[^/\s]*:[^/\s]*@/u;

/** The text with every URL in it as {@link shownUrl} shows it. */
export function withoutUrlSecrets(text: string): string {
  return text.includes("://") ? text.replaceAll(urlPattern, (url) => shownUrl(url)) : text;
}

// Up to a blank, a quote or a bracket, which surround URLs in texts and in JSON.
const urlPattern = /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'`<>\\]+/giu;
