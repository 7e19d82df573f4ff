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
 * Fetches something small whole, trying again what passes.
 * @param shown what is asked for, as people may see it
 * @param open answers with 200, or what else the caller takes care of
 * @throws {AgentError} `fetch_failed` when it can't be had or is longer than `most` bytes
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

/** As {@link httpSmall}, of a URL. */
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
        throw new AgentError(
          "fetch_failed",
          `${shown} has more than ${most} bytes, which is more than is expected there`,
        );
      }
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks);
}
