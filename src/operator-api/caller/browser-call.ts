import type { RequestOrigin } from "../../lib/net/request-origin.ts";

/** How a request was made, as far as it says whether a web page could have made it. */
export interface BrowserCall {
  method: string;
  contentType: string;
  /** Which web page may have made it. */
  origin: Pick<RequestOrigin, "origin" | "fetchSite">;
  /** The console's header is there; no page of another origin can set it. */
  keyed: boolean;
}

/** Connect's own content types; a form can send none of them. */
const connectTypes = /^application\/(?:connect\+)?(?:json|proto)(?:\s*;|$)/iu;

/**
 * Why a request is refused that a browser signs by itself, with a cookie or a client certificate: any page may have made
 * it do so. Undefined for a call as the console makes it. The request's Host and Origin were found to be ours. Pure.
 */
export function browserCallRefusal({ method, contentType, origin, keyed }: BrowserCall): string | undefined {
  if (!keyed) {
    return "a browser's call needs the key of the console's session in the header farrier-console-key: sign in at /console/";
  }
  if (method !== "POST" || !connectTypes.test(contentType)) {
    return "a browser's call is a POST with the content type application/json, application/proto or application/connect+proto";
  }
  if (origin.fetchSite !== undefined && origin.fetchSite !== "same-origin") {
    return "a browser's call must come from the console's own page: open /console/ of this server";
  }
  return undefined;
}

/**
 * True if a web browser made a request, as its headers say: pages can't remove them. Clients that are no browsers send none
 * of them.
 */
export function browserMade(headers: Readonly<Record<string, unknown>>): boolean {
  return (
    headers["origin"] !== undefined ||
    headers["referer"] !== undefined ||
    headers["cookie"] !== undefined ||
    Object.keys(headers).some((name) => name.startsWith("sec-fetch-") || name.startsWith("sec-ch-"))
  );
}

/**
 * True if the page that made a request was loaded over TLS: directly, or from a proxy in front of this server. The origin was
 * found to be ours.
 */
export function loadedSecurely({ secure, origin }: Pick<RequestOrigin, "secure" | "origin">): boolean {
  return secure || origin?.startsWith("https:") === true;
}
