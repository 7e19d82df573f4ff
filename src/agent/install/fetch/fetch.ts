import type { FailureCause } from "../../../contract/failure-cause.ts";
import { AgentError } from "../../errors.ts";
import { fileEnd, unasked } from "./file-end.ts";
import type { FileEnd } from "./file-end.ts";
import { requireStatus } from "./http-status.ts";
import { shownUrl } from "../../../lib/net/shown-url.ts";
import type { HttpAnswer } from "./http-answer.ts";
import { peek } from "./peek.ts";
import { noticed } from "./notice.ts";
import { continuation, fileVersion, rangeHeaders } from "./ranges.ts";
import type { Continuation, FileVersion } from "./ranges.ts";
import { createRateWatch } from "./rate-watch.ts";
import { TransientError } from "./transient-error.ts";
import { createTries } from "./tries.ts";
import type { Tries, TriesContext } from "./tries.ts";

/** An answer whose body has begun. */
export interface Fetched extends Disposable {
  /** The first bytes, at most 512; `body` has them too. */
  head: Buffer;
  /** The bytes as sent, without decoding. */
  body: AsyncIterable<Buffer>;
  /** The length that the server announced; undefined if it did not. */
  contentLength: bigint | undefined;
  /** The address without secrets, for people. */
  shownUrl: string;
  /** Oddities of the answers, to be added to an error about the bytes. */
  remark: () => string;
  /** Fetches the file's last `length` bytes ahead of the rest, if the server supports range requests. */
  lastBytes: (length: number) => Promise<FileEnd>;
}

const headBytes = 512;

/**
 * Begins to fetch an image. `open` makes the request, with additional headers; `asked` is the address for people. The
 * body is read as it is consumed. A lost connection is made again and the rest is fetched, as long as the tries make
 * progress.
 * @throws {AgentError} `fetch_failed` if there is no answer or another status than 200; `image_invalid` if the answer
 * is an HTML page or empty
 */
export async function imageFetch(
  asked: string,
  open: (headers: Record<string, string>) => Promise<HttpAnswer>,
  context: TriesContext,
): Promise<Fetched> {
  const tries = createTries(context);
  for (;;) {
    let answer: HttpAnswer | undefined;
    try {
      answer = await noticed(tries, asked, context.limits, () => open({}));
      requireStatus(answer, 200);
      const shown = shownUrl(answer.url);
      const version = fileVersion(answer.headers);
      const stream = resumingBody({ open, answer, shown, version, context, tries });
      const { head, body } = await peek(stream.body, headBytes);
      requireImage(head, answer.headers["content-type"] ?? "", shown);
      const { bytes: contentLength } = version;
      const { remark, end } = stream;
      const { headers } = answer;
      const lastBytes = async (length: number): Promise<FileEnd> => {
        const why = unasked(headers, version);
        return why === undefined ? fileEnd(open, version, length, context) : { kind: "unknown", why };
      };
      return { head, body, contentLength, shownUrl: shown, remark, lastBytes, [Symbol.dispose]: end };
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
      { failure: "not-an-image" },
    );
  }
  if (head.length === 0) {
    throw new AgentError("image_invalid", `${shown} answered with an empty file, expected an image`, {
      failure: "not-an-image",
    });
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

interface ResumingBody {
  body: AsyncGenerator<Buffer>;
  end: () => void;
  /** Oddities of the answer, for the end of a message. */
  remark: () => string;
}

function resumingBody(of: Resuming): ResumingBody {
  const { open, shown, context, tries } = of;
  const { limits, signal } = context;
  let { version } = of;
  let answer: HttpAnswer | undefined = of.answer;
  let received = 0n;
  let remark = encodingRemark(of.answer);
  async function* body(): AsyncGenerator<Buffer> {
    let skip = 0n;
    for (;;) {
      try {
        if (answer === undefined) {
          answer = await noticed(tries, shown, limits, () => open(rangeHeaders(received, version)));
          const next = requireContinuation(answer, received, version);
          if (next.kind === "end") {
            return;
          }
          skip = next.skip;
          if (next.otherTag !== undefined) {
            remark += `; its ETag was ${version.etag ?? "none"} at first, and ${next.otherTag} later`;
            // With several mirrors under one name, each would otherwise send the whole file again.
            version = { bytes: version.bytes, etag: undefined, lastModified: undefined };
          }
        }
        for await (const chunk of chunksOf({ answer, shown, received: () => received, version, context, tries })) {
          const known = skip < BigInt(chunk.length) ? Number(skip) : chunk.length;
          skip -= BigInt(known);
          if (known < chunk.length) {
            received += BigInt(chunk.length - known);
            tries.came(chunk.length - known);
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
        signal.throwIfAborted();
        await tries.failed(error);
      }
    }
  }
  return { body: body(), end: () => answer?.destroy(), remark: () => remark };
}

function encodingRemark({ headers }: HttpAnswer): string {
  const encoding = headers["content-encoding"];
  return encoding === undefined || encoding.toLowerCase() === "identity"
    ? ""
    : `; the server sent it with "Content-Encoding: ${encoding.slice(0, 50)}", which was not requested: configure the server to send it as it is stored`;
}

function requireContinuation(
  answer: HttpAnswer,
  from: bigint,
  version: FileVersion,
): Extract<Continuation, { kind: "goes-on" | "end" }> {
  const next = continuation(answer, from, version);
  switch (next.kind) {
    case "goes-on":
    case "end":
      return next;
    case "changed":
      throw new AgentError(
        "fetch_failed",
        `${shownUrl(answer.url)} was changed while it was fetched: ${next.how}; request it again when it no longer changes`,
        { failure: "image-changed" },
      );
    case "refused":
      requireStatus(answer, 206);
      throw new AgentError("fetch_failed", `${shownUrl(answer.url)} answered with another range than requested`, {
        failure: "image-server-error",
      });
  }
}

interface Chunks extends Omit<Resuming, "open"> {
  received: () => bigint;
}

/** The body's pieces; an error says how many bytes had come. */
async function* chunksOf({ answer, shown, received, version, context, tries }: Chunks): AsyncGenerator<Buffer> {
  const { signal, limits, clock } = context;
  const { idle, notice, rateWindow, lowestRate } = limits;
  const chunks = answer.body[Symbol.asyncIterator]();
  const short = (what: string, options?: { cause?: unknown; failure?: FailureCause }): TransientError =>
    new TransientError("fetch_failed", `${shown}: ${what} ${how(received(), version)}`, options);
  const minute = createRateWatch(rateWindow, lowestRate);
  const moment = createRateWatch(notice, (lowestRate * notice) / rateWindow);
  let slow = false;
  for (;;) {
    const asked = clock.monotonic();
    // Runs only while a byte is awaited: a slow disk is not the server's fault.
    const silent = setTimeout(() => answer.destroy(short(`no byte came for ${idle / 1000} s`)), idle);
    const noticing = setTimeout(
      () => tries.waiting(short(`no byte came for ${notice / 1000} s`).message, idle - notice),
      notice,
    );
    let next: IteratorResult<Buffer>;
    try {
      next = await chunks.next();
    } catch (error) {
      signal.throwIfAborted();
      // The error names the place where the transfer broke.
      throw error instanceof TransientError && error.cause !== undefined
        ? short("the transfer broke off", { cause: error.cause })
        : error;
    } finally {
      clearTimeout(silent);
      clearTimeout(noticing);
    }
    if (next.done === true) {
      return;
    }
    const bytes = next.value.length;
    const waited = clock.monotonic() - asked;
    yield next.value;
    const lately = moment(bytes, waited);
    if (lately?.enough === false) {
      slow = true;
      tries.waiting(short(`only ${lately.bytes} bytes came in ${notice / 1000} s`).message, rateWindow, true);
    } else if (lately?.enough === true && slow) {
      slow = false;
      tries.recovered();
    }
    const long = minute(bytes, waited);
    if (long?.enough === false) {
      throw short(`only ${long.bytes} bytes came in ${rateWindow / 1000} s (the least is ${lowestRate})`, {
        failure: "image-too-slow",
      });
    }
  }
}

function how(received: bigint, version: FileVersion): string {
  return `after ${received}${version.bytes === undefined ? "" : ` of ${version.bytes}`} bytes`;
}

function looksLikeHtml(head: Buffer): boolean {
  return /^\uFEFF?\s*<(?:!doctype\s+html|html|head|body)\b/iu.test(head.toString("utf8"));
}
