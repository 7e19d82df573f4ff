import { request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { AgentError } from "../errors.ts";
import { peek } from "./peek.ts";

/** Milliseconds, and a count of redirects. */
export interface FetchLimits {
  /** From the start of a request to its answer's head: name, connection, TLS and all. */
  answer: number;
  /** Without a byte of the body, while one is waited for. */
  idle: number;
  redirects: number;
}

/** A pause that no healthy server makes; a redirect chain that no healthy site has. */
export const fetchLimits: FetchLimits = { answer: 30_000, idle: 60_000, redirects: 5 };

/** An answer whose body has just begun. */
export interface Fetched extends Disposable {
  /** The first bytes, at most 512; they are in `body` too. */
  head: Buffer;
  /** The bytes as sent: nothing is decoded. */
  body: AsyncIterable<Buffer>;
  /** What the server said there is; undefined = it did not. */
  contentLength: bigint | undefined;
  /** The address, without what might be secret in it, for people. */
  shownUrl: string;
}

const headBytes = 512;
const redirectStatus = new Set([301, 302, 303, 307, 308]);

/**
 * Begins to fetch an image. The body is read as it is consumed; it throws `fetch_failed` when it stops short.
 * @throws {AgentError} `fetch_failed` when there is no answer or another status than 200; `image_invalid` when the
 * answer is an HTML page or empty
 */
export async function imageFetch(url: URL, signal: AbortSignal, limits: FetchLimits = fetchLimits): Promise<Fetched> {
  let current = url;
  for (let redirects = 0; ; redirects += 1) {
    const response = await answer(current, signal, limits);
    try {
      const location = response.headers.location;
      if (redirectStatus.has(response.statusCode ?? 0) && location !== undefined) {
        if (redirects >= limits.redirects) {
          throw new AgentError("fetch_failed", `${shown(url)} was redirected more than ${limits.redirects} times`);
        }
        current = redirected(current, location);
        response.destroy();
        continue;
      }
      return await opened(response, current, signal, limits);
    } catch (error) {
      response.destroy();
      throw error;
    }
  }
}

async function opened(response: IncomingMessage, url: URL, signal: AbortSignal, limits: FetchLimits): Promise<Fetched> {
  const shownUrl = shown(url);
  if (response.statusCode !== 200) {
    const { statusCode, statusMessage } = response;
    throw new AgentError("fetch_failed", `${shownUrl} answered ${statusCode} ${statusMessage ?? ""}, expected 200`);
  }
  const type = response.headers["content-type"] ?? "";
  const length = response.headers["content-length"];
  const contentLength = length !== undefined && /^\d{1,18}$/u.test(length) ? BigInt(length) : undefined;
  const { head, body } = await peek(bodyChunks(response, shownUrl, contentLength, signal, limits), headBytes);
  if (/^\s*(?:text\/html|application\/xhtml\+xml)/iu.test(type) || looksLikeHtml(head)) {
    throw new AgentError(
      "image_invalid",
      `${shownUrl} answered with an HTML page (Content-Type "${type}"), expected an image: open the address in a browser`,
    );
  }
  if (head.length === 0) {
    throw new AgentError("image_invalid", `${shownUrl} answered with an empty file, expected an image`);
  }
  return { head, body, contentLength, shownUrl, [Symbol.dispose]: () => void response.destroy() };
}

function answer(url: URL, signal: AbortSignal, limits: FetchLimits): Promise<IncomingMessage> {
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    // Bytes must come as they are stored: the digest is of these.
    const headers = { "accept-encoding": "identity", "user-agent": "farrier-agent" };
    const outgoing = request(url, { signal, headers, agent: false });
    const timer = setTimeout(() => {
      const error = new AgentError("fetch_failed", `${shown(url)} did not answer within ${limits.answer / 1000} s`);
      outgoing.destroy(error);
    }, limits.answer);
    outgoing.once("response", (response) => {
      clearTimeout(timer);
      resolve(response);
    });
    // Stays attached: after the answer an abort is told here too, and must not be an unhandled error.
    outgoing.on("error", (cause) => {
      clearTimeout(timer);
      const wrapped = new AgentError("fetch_failed", `${shown(url)} cannot be fetched`, { cause });
      reject(signal.aborted ? signal.reason : cause instanceof AgentError ? cause : wrapped);
    });
    outgoing.end();
  });
}

function redirected(from: URL, location: string): URL {
  const to = URL.parse(location, from);
  if (to === null || (to.protocol !== "https:" && to.protocol !== from.protocol)) {
    const where = location.slice(0, 300);
    throw new AgentError(
      "fetch_failed",
      `${shown(from)} redirects to "${where}", expected http or https, and never back`,
    );
  }
  return to;
}

async function* bodyChunks(
  response: IncomingMessage,
  shownUrl: string,
  contentLength: bigint | undefined,
  signal: AbortSignal,
  limits: FetchLimits,
): AsyncGenerator<Buffer> {
  let received = 0n;
  const short = (what: string, cause?: unknown): AgentError => {
    const expected = contentLength === undefined ? "" : ` of ${contentLength}`;
    return new AgentError("fetch_failed", `${shownUrl}: ${what} after ${received}${expected} bytes`, { cause });
  };
  const chunks = (response as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  for (;;) {
    const next = await nextChunk(chunks, response, signal, limits, short);
    if (next.done === true) {
      break;
    }
    received += BigInt(next.value.length);
    yield next.value;
  }
  if (contentLength !== undefined && received !== contentLength) {
    throw short("the transfer ended");
  }
}

async function nextChunk(
  chunks: AsyncIterator<Buffer>,
  response: IncomingMessage,
  signal: AbortSignal,
  limits: FetchLimits,
  short: (what: string, cause?: unknown) => AgentError,
): Promise<IteratorResult<Buffer>> {
  // Armed only while a byte is waited for: a slow disk is no fault of the server's.
  const timer = setTimeout(() => response.destroy(short(`no byte came for ${limits.idle / 1000} s`)), limits.idle);
  try {
    return await chunks.next();
  } catch (cause) {
    signal.throwIfAborted();
    throw cause instanceof AgentError ? cause : short("the transfer broke off", cause);
  } finally {
    clearTimeout(timer);
  }
}

function looksLikeHtml(head: Buffer): boolean {
  return /^\uFEFF?\s*<(?:!doctype\s+html|html|head|body)\b/iu.test(head.toString("utf8"));
}

/** User, password and query may be secrets: they stay out of what is told. */
function shown(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`.slice(0, 500);
}
