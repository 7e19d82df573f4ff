import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { RequestOrigin } from "./request-origin.ts";

/** Who sent a request and to which host, from its headers. Every Host header counts; Node would keep only the first. */
export function requestOrigin(request: IncomingMessage | Http2ServerRequest, secure: boolean): RequestOrigin {
  const { origin } = request.headers;
  const fetchSite = request.headers["sec-fetch-site"]?.toString();
  const hosts: string[] = [];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index]?.toLowerCase();
    if (name === "host" || name === ":authority") {
      hosts.push(request.rawHeaders[index + 1] ?? "");
    }
  }
  return { secure, hosts, origin, fetchSite };
}
