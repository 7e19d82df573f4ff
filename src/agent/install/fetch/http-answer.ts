import { portOfUrl, type AddressGuard } from "../../../lib/net/address-guard.ts";
import { shownUrl } from "../../../lib/net/shown-url.ts";
import { AgentError } from "../../errors.ts";
import { connectionFailure } from "./connection-words.ts";
import { CutShort, httpBody } from "./http-body.ts";
import { bodyEnd, httpHead } from "./http-head.ts";
import type { HttpHead } from "./http-head.ts";
import { createReach, type Reach } from "./reach.ts";
import { socketOpen } from "./socket-chunks.ts";
import { TransientError } from "./transient-error.ts";

/** Limits in milliseconds, and counts. */
export interface FetchLimits {
  /** From the start of a request to the answer's header, including name resolution, connection and TLS. */
  answer: number;
  /** Without a byte of the body while one is awaited. */
  idle: number;
  /** Wait for an answer or for bytes, after which the wait is reported. */
  notice: number;
  /** The time of waiting for bytes within which at least `lowestRate` bytes must come. */
  rateWindow: number;
  lowestRate: number;
  redirects: number;
  /** Tries in a row without a new byte. */
  tries: number;
  /** The pause before the second try; each later one is twice as long, up to `longestPause`. */
  pause: number;
  longestPause: number;
}

/**
 * The reasons for the numbers: no healthy server pauses as long as `idle`; at the minimum rate (1 MiB a minute) a usual
 * image takes a day; no healthy site has `redirects` redirects; a restarted server is back within the two minutes that the
 * tries take if it refuses connections.
 */
export const fetchLimits: FetchLimits = {
  answer: 30_000,
  idle: 60_000,
  notice: 10_000,
  rateWindow: 60_000,
  lowestRate: 1 << 20,
  redirects: 5,
  tries: 12,
  pause: 500,
  longestPause: 15_000,
};

/** How a request is made. */
export interface HttpOptions {
  headers?: Readonly<Record<string, string>> | undefined;
  /** PEM of CAs that are accepted in addition to the public ones. */
  certificates?: string | undefined;
  signal: AbortSignal;
  limits: FetchLimits;
  /** Where redirects may lead; shared by all requests for one image. Absent: this call's own. */
  reach?: Reach;
  /** The URL comes from a server and not from the request, so the restrictions for redirects apply. */
  led?: boolean;
  /** Why an address may not be called at all, also by the request's own URL; absent: every address may. */
  guard?: AddressGuard;
  /** Why a redirect to this URL may not be followed; absent: it may. */
  redirectProblem?: (url: URL) => string | undefined;
}

/** An answer's header, and its URL. The body waits to be read; the owner must destroy the answer. */
export interface HttpAnswer extends HttpHead {
  url: URL;
  /** The body; a piece is valid only until the next is requested. @throws {TransientError} if it is cut short */
  body: AsyncIterable<Buffer>;
  destroy(error?: Error): void;
}

const redirectStatus = new Set([301, 302, 303, 307, 308]);

/**
 * Requests a URL and follows redirects: never from https to http, never to the machine's own network unless the URL
 * itself is there, and with credentials only within one origin.
 * @throws {TransientError} if no server answers; {AgentError} `fetch_failed`
 */
export async function httpAnswer(url: URL, options: HttpOptions): Promise<HttpAnswer> {
  const { limits, reach = createReach() } = options;
  let current = url;
  let asked: AskOptions = { ...options, reach, led: options.led ?? false };
  for (let redirects = 0; ; redirects += 1) {
    const answer = await ask(current, asked);
    const { location } = answer.headers;
    if (!redirectStatus.has(answer.status) || location === undefined) {
      return answer;
    }
    answer.destroy();
    if (redirects >= limits.redirects) {
      throw new AgentError("fetch_failed", `${shownUrl(url)} was redirected more than ${limits.redirects} times`, {
        failure: "image-redirect",
      });
    }
    const next = redirected(current, location);
    const problem = options.redirectProblem?.(next);
    if (problem !== undefined) {
      throw new AgentError("fetch_failed", `${shownUrl(current)} redirects to ${shownUrl(next)}: ${problem}`, {
        failure: "image-redirect",
      });
    }
    asked = { ...(next.origin === current.origin ? asked : withoutCredentials(asked)), led: true };
    current = next;
  }
}

type AskOptions = HttpOptions & { reach: Reach; led: boolean };

async function ask(url: URL, options: AskOptions): Promise<HttpAnswer> {
  const { signal, limits, certificates, reach, led, guard } = options;
  signal.throwIfAborted();
  const problem = (address: string): string | undefined =>
    guard?.(address, portOfUrl(url)) ?? (led ? reach.problem(address) : undefined);
  const { socket, next, certificate } = socketOpen(url, { certificates, problem });
  if (!led) {
    socket.once("connect", () => {
      if (socket.remoteAddress !== undefined) {
        reach.first(socket.remoteAddress);
      }
    });
  }
  const aborted = (): void => void socket.destroy();
  signal.addEventListener("abort", aborted, { once: true });
  socket.once("close", () => signal.removeEventListener("abort", aborted));
  const timer = setTimeout(() => {
    socket.destroy(
      new TransientError("fetch_failed", `${shownUrl(url)} did not answer within ${limits.answer / 1000} s`),
    );
  }, limits.answer);
  const failed = (error: unknown, what: string): Error => {
    if (error instanceof AgentError) {
      return error;
    }
    const facts = { url, certificate: certificate(), ownCas: certificates !== undefined, now: new Date() };
    const { text, passing, failure } = connectionFailure(error, { ...facts, environment: process.env });
    // These words replace the system's own error.
    const words = { cause: new Error(text), failure };
    return new (passing ? TransientError : AgentError)("fetch_failed", `${shownUrl(url)}${what}`, words);
  };
  try {
    socket.write(requestText(url, options.headers ?? {}));
    const { head, rest } = await headRead(next);
    const pieces = async function* pieces(): AsyncGenerator<Buffer> {
      try {
        yield* httpBody(bodyEnd(head), restFirst(rest, next));
      } catch (error) {
        throw failed(error, ": the transfer broke off");
      }
    };
    return { ...head, url, body: pieces(), destroy: (error) => void socket.destroy(error) };
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw failed(error, " cannot be fetched");
  } finally {
    clearTimeout(timer);
  }
}

function requestText(url: URL, headers: Readonly<Record<string, string>>): string {
  const { username, password } = url;
  const user = `${percentDecoded(username)}:${percentDecoded(password)}`;
  const basic =
    username === "" && password === "" ? {} : { authorization: `Basic ${Buffer.from(user).toString("base64")}` };
  // The bytes must come as they are stored, because the digest is computed over these.
  const own = {
    host: url.host,
    connection: "close",
    "user-agent": "farrier-agent",
    accept: "*/*",
    "accept-encoding": "identity",
  };
  const fields = Object.entries({ ...own, ...basic, ...headers }).map(([name, value]) => `${name}: ${value}`);
  return [`GET ${url.pathname}${url.search} HTTP/1.1`, ...fields, "", ""].join("\r\n");
}

/** A percent sign that is not an escape stays unchanged. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The header of the final answer (those of 1xx are skipped), and the bytes after it. */
async function headRead(next: () => Promise<Buffer | undefined>): Promise<{ head: HttpHead; rest: Buffer }> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const read = httpHead(bytes);
    if (read === undefined) {
      const piece = await next();
      if (piece === undefined) {
        throw new CutShort();
      }
      bytes = Buffer.concat([bytes, piece]);
    } else if (read.head.status < 200) {
      bytes = bytes.subarray(read.end);
    } else {
      return { head: read.head, rest: bytes.subarray(read.end) };
    }
  }
}

function restFirst(rest: Buffer, next: () => Promise<Buffer | undefined>): () => Promise<Buffer | undefined> {
  let first: Buffer | undefined = rest.length === 0 ? undefined : rest;
  return () => {
    const piece = first;
    first = undefined;
    return piece === undefined ? next() : Promise.resolve(piece);
  };
}

function withoutCredentials(options: AskOptions): AskOptions {
  const { authorization: _left, ...headers } = options.headers ?? {};
  return { ...options, headers };
}

function redirected(from: URL, location: string): URL {
  const where = locationText(location);
  const to = URL.parse(where, from);
  const known = to !== null && (to.protocol === "https:" || to.protocol === "http:");
  if (!known || (to.protocol !== "https:" && to.protocol !== from.protocol)) {
    throw new AgentError(
      "fetch_failed",
      `${shownUrl(from)} redirects to "${shownUrl(where)}", expected http or https, and never from https to http`,
      { failure: "image-redirect" },
    );
  }
  // A redirect to the same server without user and password keeps them.
  if (to.origin === from.origin && to.username === "" && to.password === "") {
    to.username = from.username;
    to.password = from.password;
  }
  return to;
}

/** A header is read byte by byte; in addresses the bytes are UTF-8, otherwise Latin-1. */
function locationText(location: string): string {
  const bytes = Buffer.from(location, "latin1");
  const text = bytes.toString("utf8");
  return Buffer.from(text).equals(bytes)
    ? text
    : location.replaceAll(/[\u0080-\u00ff]/gu, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}
