import { AgentError } from "../../errors.ts";
import { requireStatus } from "./http-status.ts";
import { shownUrl } from "../../../lib/shown-url.ts";
import type { HttpAnswer } from "./http-answer.ts";
import { peek } from "./peek.ts";
import { continuation, fileVersion, rangeHeaders } from "./ranges.ts";
import type { FileVersion } from "./ranges.ts";
import { TransientError } from "./transient-error.ts";
import { createTries } from "./tries.ts";
import type { Tries, TriesContext } from "./tries.ts";

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

/**
 * Begins to fetch an image: `open` asks for it, with these headers more. The body is read as it is consumed. A connection
 * that is lost is made anew, and the rest is fetched, as long as each try brings something new within some tries.
 * @throws {AgentError} `fetch_failed` when there is no answer or another status than 200; `image_invalid` when the
 * answer is an HTML page or empty
 */
export async function imageFetch(
  open: (headers: Record<string, string>) => Promise<HttpAnswer>,
  context: TriesContext,
): Promise<Fetched> {
  const tries = createTries(context);
  for (;;) {
    let answer: HttpAnswer | undefined;
    try {
      answer = await open({});
      requireStatus(answer, 200);
      const shown = shownUrl(answer.url);
      const version = fileVersion(answer.headers);
      const stream = resumingBody({ open, answer, shown, version, context, tries });
      const { head, body } = await peek(stream.body, headBytes);
      requireImage(head, answer.headers["content-type"] ?? "", shown);
      const { bytes: contentLength } = version;
      return { head, body, contentLength, shownUrl: shown, [Symbol.dispose]: () => stream.end() };
    } catch (error) {
      answer?.destroy();
      await tries.failed(error);
    }
  }
}

function requireImage(head: Buffer, type: string, shown: string): void {
  if (/^\s*(?:text\/html|application\/xhtml\+xml)/iu.test(type) || looksLikeHtml(head)) {
    throw new AgentError(
      "image_invalid",
      `${shown} answered with an HTML page (Content-Type "${type}"), expected an image: open the address in a browser`,
    );
  }
  if (head.length === 0) {
    throw new AgentError("image_invalid", `${shown} answered with an empty file, expected an image`);
  }
}

interface Resuming {
  open: (headers: Record<string, string>) => Promise<HttpAnswer>;
  answer: HttpAnswer;
  shown: string;
  version: FileVersion;
  context: TriesContext;
  tries: Tries;
}

function resumingBody(of: Resuming): { body: AsyncGenerator<Buffer>; end: () => void } {
  const { open, shown, version, context, tries } = of;
  let answer: HttpAnswer | undefined = of.answer;
  let received = 0n;
  async function* body(): AsyncGenerator<Buffer> {
    let skip = 0n;
    for (;;) {
      try {
        if (answer === undefined) {
          answer = await open(rangeHeaders(received, version));
          skip = requireContinuation(answer, received, version);
        }
        for await (const chunk of chunksOf(answer, shown, () => received, version, context)) {
          const known = skip < BigInt(chunk.length) ? Number(skip) : chunk.length;
          skip -= BigInt(known);
          if (known < chunk.length) {
            received += BigInt(chunk.length - known);
            tries.anew();
            yield chunk.subarray(known);
          }
        }
        if (version.bytes === undefined || received === version.bytes) {
          return;
        }
        throw new TransientError("fetch_failed", `${shown}: the transfer ended ${how(received, version)}`);
      } catch (error) {
        answer?.destroy();
        answer = undefined;
        context.signal.throwIfAborted();
        await tries.failed(error);
      }
    }
  }
  return { body: body(), end: () => answer?.destroy() };
}

function requireContinuation(answer: HttpAnswer, from: bigint, version: FileVersion): bigint {
  const next = continuation(answer, from, version);
  switch (next.kind) {
    case "goes-on":
      return next.skip;
    case "changed":
      throw new AgentError(
        "fetch_failed",
        `${shownUrl(answer.url)} was changed while it was fetched: ${next.how}; ask again when it stays as it is`,
      );
    case "refused":
      requireStatus(answer, 206);
      throw new AgentError("fetch_failed", `${shownUrl(answer.url)} answered with another part than was asked for`);
  }
}

async function* chunksOf(
  answer: HttpAnswer,
  shown: string,
  received: () => bigint,
  version: FileVersion,
  { signal, limits }: TriesContext,
): AsyncGenerator<Buffer> {
  const chunks = answer.body[Symbol.asyncIterator]();
  const short = (what: string, cause?: unknown): TransientError =>
    new TransientError("fetch_failed", `${shown}: ${what} ${how(received(), version)}`, { cause });
  for (;;) {
    // Armed only while a byte is waited for: a slow disk is no fault of the server's.
    const timer = setTimeout(() => answer.destroy(short(`no byte came for ${limits.idle / 1000} s`)), limits.idle);
    let next: IteratorResult<Buffer>;
    try {
      next = await chunks.next();
    } catch (error) {
      signal.throwIfAborted();
      // What broke off says where.
      throw error instanceof TransientError && error.cause !== undefined
        ? short("the transfer broke off", error.cause)
        : error;
    } finally {
      clearTimeout(timer);
    }
    if (next.done === true) {
      return;
    }
    yield next.value;
  }
}

function how(received: bigint, version: FileVersion): string {
  return `after ${received}${version.bytes === undefined ? "" : ` of ${version.bytes}`} bytes`;
}

function looksLikeHtml(head: Buffer): boolean {
  return /^\uFEFF?\s*<(?:!doctype\s+html|html|head|body)\b/iu.test(head.toString("utf8"));
}
