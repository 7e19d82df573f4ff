import { AgentError } from "../../errors.ts";
import { shownUrl } from "../../../lib/net/shown-url.ts";
import { httpAnswer } from "./http-answer.ts";
import type { HttpAnswer, HttpOptions } from "./http-answer.ts";
import { requireStatus } from "./http-status.ts";
import { noticed } from "./notice.ts";
import { TransientError } from "./transient-error.ts";
import { createTries } from "./tries.ts";
import type { TriesContext } from "./tries.ts";

/**
 * Fetches a small file whole, and retries transient errors.
 * @param shown the address for people
 * @param open resolves to an answer with status 200, or with a status that the caller handles
 * @throws {AgentError} `fetch_failed` if it can't be fetched or is longer than `most` bytes
 */
export async function httpSmall(
  shown: string,
  open: () => Promise<HttpAnswer>,
  most: number,
  context: TriesContext,
): Promise<Buffer> {
  const tries = createTries(context);
  for (;;) {
    try {
      const answer = await noticed(tries, shown, context.limits, open);
      try {
        requireStatus(answer, 200);
        return await whole(answer, most, context);
      } finally {
        answer.destroy();
      }
    } catch (error) {
      context.signal.throwIfAborted();
      await tries.failed(error);
    }
  }
}

/** Like {@link httpSmall}, for a URL. */
export function httpSmallGet(url: URL, most: number, options: HttpOptions, context: TriesContext): Promise<Buffer> {
  return httpSmall(shownUrl(url), () => httpAnswer(url, options), most, context);
}

async function whole(answer: HttpAnswer, most: number, { limits }: TriesContext): Promise<Buffer> {
  const shown = shownUrl(answer.url);
  const timer = setTimeout(() => {
    answer.destroy(new TransientError("fetch_failed", `${shown} took longer than ${limits.idle / 1000} s`));
  }, limits.idle);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer.body) {
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes > most) {
        throw new AgentError("fetch_failed", `${shown} has more than the expected maximum of ${most} bytes`);
      }
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks);
}
