import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { Compression } from "../../../gen/farrier/agent/v1/image_pb.ts";
import { errorCode } from "../../lib/errors.ts";
import { AgentError } from "../errors.ts";
import { unxzInto } from "./unxz.ts";

/** How an image is packed. */
export type Packing = "none" | "gzip" | "zstd" | "xz";

// Pieces of this size come out: one write to the disk each.
const chunkSize = 4 << 20;

/** How the bytes that begin with `head` are packed: as the request says, else by their magic. Pure. */
export function packingOf(compression: Compression, head: Buffer): Packing {
  switch (compression) {
    case Compression.NONE:
      return "none";
    case Compression.GZIP:
      return "gzip";
    case Compression.ZSTD:
      return "zstd";
    case Compression.XZ:
      return "xz";
    default:
  }
  if (head.subarray(0, 6).equals(Buffer.from("fd377a585a00", "hex"))) {
    return "xz";
  }
  if (head.subarray(0, 2).equals(Buffer.from("1f8b", "hex"))) {
    return "gzip";
  }
  const magic = head.length < 4 ? 0 : head.readUInt32LE(0);
  // RFC 8878, 3.1: a frame, or a frame to be skipped, which parallel packers put first.
  return magic === 0xfd2fb528 || (magic & 0xffff_fff0) >>> 0 === 0x184d2a50 ? "zstd" : "none";
}

/**
 * Unpacks `source` into `sink`. When it returns or throws, `sink` has ended: nothing runs on behind its back.
 * @throws what `source` or `sink` throws, or {AgentError} `image_invalid` when the bytes are not packed so
 */
export async function decompressInto(
  source: AsyncIterable<Buffer>,
  packing: Packing,
  sink: (chunks: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  let sunk: Promise<void> = Promise.resolve();
  const end = (chunks: AsyncIterable<Buffer>): Promise<void> => {
    sunk = sink(chunks);
    return sunk;
  };
  try {
    switch (packing) {
      case "none":
        await end(source);
        break;
      case "gzip":
        await pipeline(source, createGunzip({ chunkSize }), end);
        break;
      case "zstd":
        await pipeline(source, createZstdDecompress({ chunkSize }), end);
        break;
      case "xz":
        await unxzInto(source, end);
        break;
    }
  } catch (error) {
    throw /^(?:Z_|ZSTD_|ERR_ZLIB)/u.test(errorCode(error) ?? "")
      ? new AgentError("image_invalid", `the image cannot be unpacked as ${packing}`, { cause: error })
      : error;
  } finally {
    // A pipeline may fail while its last stage is still in a write. That stage's own error is the pipeline's, or follows
    // from it.
    await sunk.catch(() => {});
  }
}
