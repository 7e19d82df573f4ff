/** The origin of an http:// or https:// address; undefined if it has a path, a user name or a password, or is none. Pure. */
export function httpOrigin(text: string): string | undefined {
  const url = URL.parse(text);
  return url !== null &&
    /^https?:$/u.test(url.protocol) &&
    [url.username, url.password, url.search, url.hash].every((part) => part === "") &&
    url.pathname === "/"
    ? url.origin
    : undefined;
}
