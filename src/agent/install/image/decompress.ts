import type { Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { Compression } from "../../../../gen/farrier/agent/v1/image_pb.ts";
import { errorCode } from "../../../lib/errors.ts";
import { AgentError } from "../../errors.ts";
import { unxzInto } from "./unxz.ts";

/** How an image is packed. */
export type Packing = "none" | "gzip" | "zstd" | "xz";

// Pieces of up to this size come out; some of them may wait. By themselves they would be small, or be put together again.
const chunkSize = 8 << 20;
const unpacking = { chunkSize, readableObjectMode: true, readableHighWaterMark: 3 };

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
 * Unpacks `source` into `sink`. A piece of `source` is used up when the next is asked for; `seen` is called with each, while
 * another thread already unpacks it. When this returns or throws, `sink` has ended: nothing runs on behind its back.
 * @throws what `source` or `sink` throws, or {AgentError} `image_invalid` when the bytes are not packed so
 */
export async function decompressInto(
  source: AsyncIterable<Buffer>,
  packing: Packing,
  sink: (chunks: AsyncIterable<Buffer>) => Promise<void>,
  seen: (piece: Buffer) => void,
): Promise<void> {
  switch (packing) {
    case "none":
      return sink(tapped(source, seen));
    case "gzip":
      return through(source, { unpack: createGunzip(unpacking), packing }, sink, seen);
    case "zstd":
      return through(source, { unpack: createZstdDecompress(unpacking), packing }, sink, seen);
    case "xz":
      return unxzInto(tapped(source, seen), sink);
  }
}

async function* tapped(source: AsyncIterable<Buffer>, seen: (piece: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const piece of source) {
    seen(piece);
    yield piece;
  }
}

async function through(
  source: AsyncIterable<Buffer>,
  { unpack, packing }: { unpack: Transform; packing: Packing },
  sink: (chunks: AsyncIterable<Buffer>) => Promise<void>,
  seen: (piece: Buffer) => void,
): Promise<void> {
  // The first that fails is the reason; what fails after it follows from it.
  let reason: unknown;
  const failed = (error: unknown): void => {
    reason ??= error;
    unpack.destroy();
  };
  unpack.once("error", failed);
  const sunk = sink(unpack as AsyncIterable<Buffer>).catch(failed);
  await feed(source, unpack, seen).catch(failed);
  await sunk;
  if (reason !== undefined) {
    throw /^(?:Z_|ZSTD_|ERR_ZLIB)/u.test(errorCode(reason) ?? "")
      ? new AgentError("image_invalid", `the image cannot be unpacked as ${packing}`, { cause: reason })
      : reason;
  }
}

/** Gives each piece, and waits until it is used up, or nobody is left to use it. */
async function feed(source: AsyncIterable<Buffer>, unpack: Transform, seen: (piece: Buffer) => void): Promise<void> {
  let goOn = (): void => {};
  let closed = false;
  // What fails calls nobody back whose bytes it had.
  unpack.once("close", () => {
    closed = true;
    goOn();
  });
  const settled = (begin: () => void): Promise<void> =>
    new Promise((resolve) => {
      goOn = resolve;
      if (closed) {
        resolve();
      } else {
        begin();
      }
    });
  for await (const piece of source) {
    await settled(() => {
      unpack.write(piece, () => goOn());
      seen(piece);
    });
    if (unpack.destroyed) {
      return;
    }
  }
  await settled(() => void unpack.end());
}
