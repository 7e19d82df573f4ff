import { createHash } from "node:crypto";
import { AgentError } from "../../errors.ts";

/** Counts and hashes the fetched bytes. */
export interface DigestTap {
  /** Passes on the source's pieces, and notices its end. */
  through(source: AsyncIterable<Buffer>): AsyncIterable<Buffer>;
  /** To be called once for each piece, in order. */
  update(piece: Buffer): void;
  /** The number of hashed bytes. */
  bytes(): bigint;
  /**
   * @param remark a further possible reason, for the end of the message
   * @throws {AgentError} `image_invalid` if the SHA-256 of all pieces is not `expected` (hex), or the source has not
   * ended
   */
  check(expected: string, shownUrl: string, remark?: string): void;
}

/** For one fetch; `also` is called with each piece too. */
export function digestTap(also?: (piece: Buffer) => void): DigestTap {
  const hash = createHash("sha256");
  let bytes = 0n;
  let ended = false;
  return {
    async *through(source) {
      yield* source;
      ended = true;
    },
    update: (piece) => {
      hash.update(piece);
      also?.(piece);
      bytes += BigInt(piece.length);
    },
    bytes: () => bytes,
    check: (expected, shownUrl, remark = "") => {
      if (!ended) {
        throw new AgentError("image_invalid", `${shownUrl}: more bytes follow after the packed image's end`);
      }
      const actual = hash.digest("hex");
      if (actual !== expected) {
        throw new AgentError(
          "image_invalid",
          `${shownUrl} has the digest sha256:${actual} (${bytes} bytes), expected sha256:${expected}: it was altered or ` +
            `cut short, or the digest is another file's${remark}`,
          { failure: "wrong-digest" },
        );
      }
    },
  };
}
