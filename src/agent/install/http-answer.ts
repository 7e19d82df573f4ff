import { request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { getCACertificates } from "node:tls";
import { errorCode } from "../../lib/errors.ts";
import { AgentError } from "../errors.ts";
import { TransientError } from "./transient-error.ts";

/** Milliseconds, and counts. */
export interface FetchLimits {
  /** From the start of a request to its answer's head: name, connection, TLS and all. */
  answer: number;
  /** Without a byte of the body, while one is waited for. */
  idle: number;
  redirects: number;
  /** Tries in a row that bring no new byte. */
  tries: number;
  /** The pause before the second try; each later one is twice as long, up to `longestPause`. */
  pause: number;
  longestPause: number;
}

/**
 * A pause that no healthy server makes; a redirect chain that no healthy site has; and a server that is restarted is back
 * within the two minutes that these tries take.
 */
export const fetchLimits: FetchLimits = {
  answer: 30_000,
  idle: 60_000,
  redirects: 5,
  tries: 12,
  pause: 500,
  longestPause: 15_000,
};

/** How a request is made. */
export interface HttpOptions {
  headers?: Readonly<Record<string, string>> | undefined;
  /** Certificates, PEM, of CAs that are taken beside the public ones. */
  certificates?: string | undefined;
  signal: AbortSignal;
  limits: FetchLimits;
}

/** An answer's head, and where it came from; its body waits to be read, or the response to be destroyed. */
export interface HttpAnswer {
  response: IncomingMessage;
  url: URL;
}

const redirectStatus = new Set([301, 302, 303, 307, 308]);
// What passes: the other end or the way to it is away. Anything else (a name that is not there, a certificate) stays as it is.
const passing = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "ENETDOWN"],
  "EAI_AGAIN",
]);

/**
 * Asks for a URL and follows redirects: never from https to http, and without credentials to another host.
 * @throws {TransientError} when nobody answers; {AgentError} `fetch_failed`
 */
export async function httpAnswer(url: URL, options: HttpOptions): Promise<HttpAnswer> {
  const { limits } = options;
  let current = url;
  for (let redirects = 0; ; redirects += 1) {
    const response = await ask(current, current.host === url.host ? options : withoutCredentials(options));
    const { location } = response.headers;
    if (!redirectStatus.has(response.statusCode ?? 0) || location === undefined) {
      return { response, url: current };
    }
    response.destroy();
    if (redirects >= limits.redirects) {
      throw new AgentError("fetch_failed", `${shownUrl(url)} was redirected more than ${limits.redirects} times`);
    }
    current = redirected(current, location);
  }
}

function ask(url: URL, options: HttpOptions): Promise<IncomingMessage> {
  const { signal, limits, certificates } = options;
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  // Bytes must come as they are stored: the digest is of these.
  const headers = { "accept-encoding": "identity", "user-agent": "farrier-agent", ...options.headers };
  const trust = certificates === undefined ? {} : { ca: [...getCACertificates("default"), certificates] };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { signal, headers, agent: false, ...trust });
    const timer = setTimeout(() => {
      outgoing.destroy(
        new TransientError("fetch_failed", `${shownUrl(url)} did not answer within ${limits.answer / 1000} s`),
      );
    }, limits.answer);
    outgoing.once("response", (response) => {
      clearTimeout(timer);
      // What goes wrong with the body is told to who reads it; before that, to nobody.
      response.on("error", () => {});
      resolve(response);
    });
    // Stays attached: after the answer an abort is told here too, and must not be an unhandled error.
    outgoing.on("error", (cause) => {
      clearTimeout(timer);
      if (signal.aborted || cause instanceof AgentError) {
        reject(signal.aborted ? signal.reason : cause);
        return;
      }
      const kind = passing.has(errorCode(cause) ?? "") ? TransientError : AgentError;
      reject(new kind("fetch_failed", `${shownUrl(url)} cannot be fetched`, { cause }));
    });
    outgoing.end();
  });
}

function withoutCredentials(options: HttpOptions): HttpOptions {
  const { authorization: _left, ...headers } = options.headers ?? {};
  return { ...options, headers };
}

function redirected(from: URL, location: string): URL {
  const to = URL.parse(location, from);
  if (to === null || (to.protocol !== "https:" && to.protocol !== from.protocol)) {
    const where = location.slice(0, 300);
    throw new AgentError(
      "fetch_failed",
      `${shownUrl(from)} redirects to "${where}", expected http or https, and never back`,
    );
  }
  return to;
}

/** User, password and query may be secrets: they stay out of what is told. */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`.slice(0, 500);
}
