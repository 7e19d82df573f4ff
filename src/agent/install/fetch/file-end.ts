import { errorText } from "../../errors.ts";
import type { HttpAnswer } from "./http-answer.ts";
import type { HttpHead } from "./http-head.ts";
import { continuation, rangeHeaders } from "./ranges.ts";
import type { FileVersion } from "./ranges.ts";
import type { TriesContext } from "./tries.ts";

/** The last bytes of a file, or why they can't be fetched before the rest. */
export type FileEnd = { kind: "bytes"; bytes: Buffer } | { kind: "unknown"; why: string };

// A disk is a whole number of pages. A container of a disk has one more block at its end.
const pageBytes = 4096n;
const blockBytes = 512n;

/**
 * Why a server is not asked for the end of its file, from its answer for the whole; undefined if it is asked. A server
 * that does not announce range requests (RFC 9110, 14.3) is asked only if a container can have the file's length.
 * Pure.
 */
export function unasked(headers: HttpHead["headers"], { bytes }: FileVersion): string | undefined {
  if (bytes === undefined) {
    return "the server does not say how long the file is";
  }
  const units = headers["accept-ranges"]?.toLowerCase();
  const asked = units === undefined ? bytes % blockBytes === 0n && bytes % pageBytes !== 0n : /\bbytes\b/u.test(units);
  return asked ? undefined : "the server does not announce range requests";
}

/**
 * Fetches the last `length` bytes of a file that is already being fetched, on a second connection and within
 * `limits.notice` milliseconds: a server that serves one connection at a time would not answer at all.
 * @throws the signal's reason when aborted
 */
export async function fileEnd(
  open: (headers: Record<string, string>) => Promise<HttpAnswer>,
  version: FileVersion,
  length: number,
  { signal, limits, clock }: Pick<TriesContext, "signal" | "limits" | "clock">,
): Promise<FileEnd> {
  if (version.bytes === undefined || version.bytes < BigInt(length)) {
    return { kind: "unknown", why: "the server does not say how long the file is" };
  }
  const from = version.bytes - BigInt(length);
  const over = new AbortController();
  let late = false;
  let answer: HttpAnswer | undefined;
  const read = async (): Promise<FileEnd> => {
    answer = await open(rangeHeaders(from, version));
    if (late) {
      answer.destroy();
    }
    const next = continuation(answer, from, version);
    // A server without range requests would send the whole file.
    if (next.kind !== "goes-on" || next.skip !== 0n || answer.status !== 206) {
      return { kind: "unknown", why: `the server answered ${answer.status} to a range request` };
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer.body) {
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes > length) {
        break;
      }
    }
    return bytes === length
      ? { kind: "bytes", bytes: Buffer.concat(chunks) }
      : { kind: "unknown", why: "the server sent another range of the file than requested" };
  };
  const waited = clock.sleep(limits.notice, over.signal).then(
    (): FileEnd => ({
      kind: "unknown",
      why: `the server did not answer a range request within ${limits.notice / 1000} s`,
    }),
    (): FileEnd => ({ kind: "unknown", why: "" }),
  );
  try {
    const failed = (error: unknown): FileEnd => ({ kind: "unknown", why: errorText(error) });
    const found = await Promise.race([read().catch(failed), waited]);
    signal.throwIfAborted();
    return found;
  } finally {
    late = true;
    over.abort();
    answer?.destroy();
  }
}
