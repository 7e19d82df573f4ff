// What a URL may give away: its user, its password, and its query, where signed URLs carry their key.

/** Characters of one URL that are shown. */
const shownMost = 500;

/**
 * The URL as people may see it: without user, password, query and fragment. Of text that is no URL, all that could be one of
 * these is left out too.
 */
export function shownUrl(url: URL | string): string {
  const text = typeof url === "string" ? url : url.href;
  const [address = ""] = text.split(/[?#]/u, 1);
  // The last "@" of the authority ends the user. Backslashes are slashes to the URL parser.
  const shown = /^(?<scheme>[a-z][a-z0-9+.-]*:)?(?<slashes>[/\\]{2,})(?<authority>[^/\\]*)/iu.exec(address);
  if (shown?.groups === undefined) {
    return address.slice(0, shownMost);
  }
  const { scheme = "", slashes = "", authority = "" } = shown.groups;
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  return `${scheme}${slashes}${host}${address.slice(shown[0].length)}`.slice(0, shownMost);
}

/** The text with every URL in it as {@link shownUrl} has it. */
export function withoutUrlSecrets(text: string): string {
  return text.includes("://") ? text.replaceAll(urlPattern, (url) => shownUrl(url)) : text;
}

// Up to a blank, a quote or a bracket, which stand around URLs in texts and in JSON.
const urlPattern = /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'`<>\\]+/giu;
