import { createHash } from "node:crypto";
import { AgentError } from "../errors.ts";

/** Counts and hashes what passes through. */
export interface DigestTap {
  through(source: AsyncIterable<Buffer>): AsyncIterable<Buffer>;
  /** Bytes that have passed. */
  bytes(): bigint;
  /**
   * @throws {AgentError} `image_invalid` when the SHA-256 of all that passed is not `expected` (hex), or the source has
   * not come to its end
   */
  check(expected: string, shownUrl: string): void;
}

/** A tap for the bytes as they are fetched; `also` sees each of them too. */
export function digestTap(also?: (chunk: Buffer) => void): DigestTap {
  const hash = createHash("sha256");
  let bytes = 0n;
  let ended = false;
  return {
    async *through(source) {
      for await (const chunk of source) {
        hash.update(chunk);
        also?.(chunk);
        bytes += BigInt(chunk.length);
        yield chunk;
      }
      ended = true;
    },
    bytes: () => bytes,
    check: (expected, shownUrl) => {
      if (!ended) {
        throw new AgentError("image_invalid", `${shownUrl}: more bytes follow after the packed image's end`);
      }
      const actual = hash.digest("hex");
      if (actual !== expected) {
        throw new AgentError(
          "image_invalid",
          `${shownUrl} has the digest sha256:${actual} (${bytes} bytes), expected sha256:${expected}: it was altered or ` +
            "cut short, or the digest is another file's",
        );
      }
    },
  };
}
