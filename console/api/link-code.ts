// The code of a link that `farrier console` made. It stands behind `#`, where no server, log or referer sees it.

let failure: unknown;

/** Takes the code off the address, so that it is in no history and no bookmark; undefined if there is none. */
export function linkCodeTake(): string | undefined {
  const { hash, pathname, search } = globalThis.location;
  const code = /^#code=(?<code>[\w-]{1,256})$/u.exec(hash)?.groups?.["code"];
  if (code !== undefined) {
    globalThis.history.replaceState(null, "", `${pathname}${search}`);
  }
  return code;
}

/** Keeps why a link did not sign this browser in, for the page that says so. */
export function linkFailureSet(error: unknown): void {
  failure = error;
}

/** Why the link that was opened did not sign this browser in; undefined if none was, or it did. */
export function linkFailure(): unknown {
  return failure;
}
