import { errorCode } from "../../../lib/errors.ts";
import { shownUrl } from "../../../lib/shown-url.ts";
import { AgentError } from "../../errors.ts";
import { CutShort, httpBody } from "./http-body.ts";
import { bodyEnd, httpHead } from "./http-head.ts";
import type { HttpHead } from "./http-head.ts";
import { socketOpen } from "./socket-chunks.ts";
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

/** An answer's head, and where it came from. Its body waits to be read; whoever has it destroys it. */
export interface HttpAnswer extends HttpHead {
  url: URL;
  /** The body; a piece is good only until the next is asked for. @throws {TransientError} when it is cut short */
  body: AsyncIterable<Buffer>;
  destroy(error?: Error): void;
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
    const answer = await ask(current, current.host === url.host ? options : withoutCredentials(options));
    const { location } = answer.headers;
    if (!redirectStatus.has(answer.status) || location === undefined) {
      return answer;
    }
    answer.destroy();
    if (redirects >= limits.redirects) {
      throw new AgentError("fetch_failed", `${shownUrl(url)} was redirected more than ${limits.redirects} times`);
    }
    current = redirected(current, location);
  }
}

async function ask(url: URL, options: HttpOptions): Promise<HttpAnswer> {
  const { signal, limits, certificates } = options;
  signal.throwIfAborted();
  const { socket, next } = socketOpen(url, certificates);
  const aborted = (): void => void socket.destroy();
  signal.addEventListener("abort", aborted, { once: true });
  socket.once("close", () => signal.removeEventListener("abort", aborted));
  const timer = setTimeout(() => {
    socket.destroy(
      new TransientError("fetch_failed", `${shownUrl(url)} did not answer within ${limits.answer / 1000} s`),
    );
  }, limits.answer);
  const failed = (error: unknown): Error => {
    socket.destroy();
    signal.throwIfAborted();
    return error instanceof AgentError ? error : wrapped(error, `${shownUrl(url)} cannot be fetched`);
  };
  try {
    socket.write(requestText(url, options.headers ?? {}));
    const { head, rest } = await headRead(next);
    const pieces = async function* pieces(): AsyncGenerator<Buffer> {
      try {
        yield* httpBody(bodyEnd(head), restFirst(rest, next));
      } catch (error) {
        throw error instanceof AgentError ? error : wrapped(error, `${shownUrl(url)}: the transfer broke off`);
      }
    };
    return { ...head, url, body: pieces(), destroy: (error) => void socket.destroy(error) };
  } catch (error) {
    throw failed(error);
  } finally {
    clearTimeout(timer);
  }
}

function requestText(url: URL, headers: Readonly<Record<string, string>>): string {
  const user = url.username === "" && url.password === "" ? undefined : `${url.username}:${url.password}`;
  const basic =
    user === undefined ? {} : { authorization: `Basic ${Buffer.from(decodeURIComponent(user)).toString("base64")}` };
  // Bytes must come as they are stored: the digest is of these.
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

/** The head of the final answer (those of 1xx are passed over), and what came behind it. */
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

function wrapped(cause: unknown, message: string): AgentError {
  const passes = cause instanceof CutShort || passing.has(errorCode(cause) ?? "");
  return new (passes ? TransientError : AgentError)("fetch_failed", message, { cause });
}

function withoutCredentials(options: HttpOptions): HttpOptions {
  const { authorization: _left, ...headers } = options.headers ?? {};
  return { ...options, headers };
}

function redirected(from: URL, location: string): URL {
  const to = URL.parse(location, from);
  const known = to !== null && (to.protocol === "https:" || to.protocol === "http:");
  if (!known || (to.protocol !== "https:" && to.protocol !== from.protocol)) {
    const where = shownUrl(location.slice(0, 300));
    throw new AgentError(
      "fetch_failed",
      `${shownUrl(from)} redirects to "${where}", expected http or https, and never back`,
    );
  }
  return to;
}
