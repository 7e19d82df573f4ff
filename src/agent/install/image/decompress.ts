import { createGunzip, createZstdDecompress } from "node:zlib";
import type { Gunzip, ZstdDecompress } from "node:zlib";
import { Compression } from "../../../../gen/farrier/agent/v1/image/image_pb.ts";
import { errorCode } from "../../../lib/errors.ts";
import { AgentError } from "../../errors.ts";
import { packedYielding } from "./packed-bounds.ts";
import { moreBytesFollow, packedOnly } from "./packed-frames.ts";
import { unxzInto } from "./unxz.ts";
import { xzFraming } from "./xz-frames.ts";
import { isZero } from "../../disk/zero.ts";
import { isZstdMagic, zstdFraming } from "./zstd-frames.ts";

/** How an image is packed. */
export type Packing = "none" | "gzip" | "zstd" | "xz";

type Unpack = Gunzip | ZstdDecompress;

const gzipMagic = 0x1f8b;
// The size of a gzip member's header and of the trailer before it.
const tailBytes = 18;

// Maximum size of unpacked pieces; some of them may wait. Smaller pieces would cost more, or have to be joined again.
const chunkSize = 8 << 20;
const unpacking = { chunkSize, readableObjectMode: true, readableHighWaterMark: 3 };

/** How bytes that begin with `head` are packed: as the request says, otherwise by their magic number. Pure. */
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
  if (head.length >= 2 && head.readUInt16BE(0) === gzipMagic) {
    return "gzip";
  }
  return head.length >= 4 && isZstdMagic(head.readUInt32LE(0)) ? "zstd" : "none";
}

/**
 * Unpacks `source` into `sink`. A piece of `source` is used up when the next is requested; `seen` is called with each,
 * while another thread already unpacks it. Any number of NULs after the packed data is ignored. When this returns or
 * throws, `sink` has ended and nothing runs on in the background.
 * @throws what `source` or `sink` throws; {AgentError} `image_invalid` if the bytes are not packed that way, or more
 * bytes follow; `unsupported` if unpacking needs too much memory
 */
export async function decompressInto(
  source: AsyncIterable<Buffer>,
  packing: Packing,
  sink: (chunks: AsyncIterable<Buffer>) => Promise<void>,
  seen: (piece: Buffer) => void,
): Promise<void> {
  const tap = lateTap(source, seen);
  let bytes = 0;
  const unpacked = (): number => bytes;
  const counted = (chunks: AsyncIterable<Buffer>): Promise<void> =>
    sink(
      tapped(chunks, (chunk) => {
        bytes += chunk.length;
      }),
    );
  const yielding = (pieces: AsyncIterable<Buffer>): AsyncIterable<Buffer> => packedYielding(pieces, unpacked);
  const watch = { begun: tap.now, unpacked };
  switch (packing) {
    case "none":
      return sink(tapped(source, seen));
    case "gzip":
      return through(yielding(tap.pieces), { unpack: createGunzip(unpacking), packing }, counted, watch);
    case "zstd": {
      const frames = yielding(packedOnly(tap.pieces, zstdFraming));
      return through(frames, { unpack: createZstdDecompress(unpacking), packing }, counted, watch);
    }
    case "xz":
      return unxzInto(yielding(packedOnly(tap.pieces, xzFraming)), counted);
  }
}

async function* tapped(source: AsyncIterable<Buffer>, seen: (piece: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const piece of source) {
    seen(piece);
    yield piece;
  }
}

/** Each piece is seen when `now` is called, or at the latest when the next is requested. */
function lateTap(
  source: AsyncIterable<Buffer>,
  seen: (piece: Buffer) => void,
): { pieces: AsyncIterable<Buffer>; now: () => void } {
  let waiting: Buffer | undefined;
  const now = (): void => {
    const piece = waiting;
    waiting = undefined;
    if (piece !== undefined) {
      seen(piece);
    }
  };
  async function* pieces(): AsyncGenerator<Buffer> {
    for await (const piece of source) {
      waiting = piece;
      yield piece;
      now();
    }
  }
  return { pieces: pieces(), now };
}

async function through(
  source: AsyncIterable<Buffer>,
  { unpack, packing }: { unpack: Unpack; packing: Packing },
  sink: (chunks: AsyncIterable<Buffer>) => Promise<void>,
  { begun, unpacked }: { begun: () => void; unpacked: () => number },
): Promise<void> {
  // The first failure is the reason; later ones follow from it.
  let reason: unknown;
  const edges: Edges = { magic: 0, tail: Buffer.alloc(0) };
  const failed = (error: unknown): void => {
    reason ??= error;
    unpack.destroy();
  };
  unpack.once("error", failed);
  const sunk = sink(unpack as AsyncIterable<Buffer>).catch(failed);
  const pieces = tapped(source, (piece) => {
    edges.magic ||= piece.length < 2 ? 0 : piece.readUInt16BE();
    edges.tail = Buffer.concat([edges.tail, piece.subarray(-tailBytes)]).subarray(-tailBytes);
  });
  await feed(pieces, unpack, begun).catch(failed);
  await sunk;
  if (reason !== undefined) {
    throw unpackError(reason, packing, { ...edges, unpacked: unpacked() });
  }
}

/** A packed file's first two bytes, and its last ones. */
interface Edges {
  magic: number;
  tail: Buffer;
}

function unpackError(reason: unknown, packing: Packing, file: Edges & { unpacked: number }): unknown {
  if (!/^(?:Z_|ZSTD_|ERR_ZLIB)/u.test(errorCode(reason) ?? "")) {
    return reason;
  }
  // In a file that begins as gzip, a wrong header is the header of what follows.
  const message = reason instanceof Error ? reason.message : "";
  if (packing === "gzip" && file.magic === gzipMagic) {
    if (message === "incorrect header check" || (message === "unexpected end of file" && endsBefore(file))) {
      return moreBytesFollow(undefined);
    }
  }
  return new AgentError("image_invalid", `the image cannot be unpacked as ${packing}`, { cause: reason });
}

/**
 * Whether unpacking ended before the file's last bytes, which are too few for another member (RFC 1952, 2.3.1: ISIZE).
 */
function endsBefore({ tail, unpacked }: { tail: Buffer; unpacked: number }): boolean {
  for (let behind = 1; behind + 4 <= tail.length; behind += 1) {
    if (tail.readUInt32LE(tail.length - behind - 4) === unpacked % 2 ** 32) {
      return true;
    }
  }
  return false;
}

/**
 * Passes on each piece, and waits until it is used, or until nothing can use it any more. Reads on after the packed
 * data's end.
 * @throws {AgentError} `image_invalid` if other bytes than NULs follow
 */
async function feed(source: AsyncIterable<Buffer>, unpack: Unpack, begun: () => void): Promise<void> {
  let goOn = (): void => {};
  let closed = false;
  let ended = false;
  let fed = 0;
  // A failed stream calls no write callbacks.
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
    if (!ended) {
      await settled(() => {
        unpack.write(piece, () => goOn());
        begun();
      });
    }
    // A stream that has ended is destroyed too.
    if (unpack.destroyed && !unpack.readableEnded) {
      return;
    }
    fed += piece.length;
    const behind = Math.min(piece.length, fed - unpack.bytesWritten);
    if (behind > 0) {
      // Nothing more is unpacked, and the reader of the output may be gone already.
      ended = true;
      unpack.end();
      if (!isZero(piece.subarray(piece.length - behind))) {
        throw moreBytesFollow(fed - behind);
      }
    }
  }
  if (!ended) {
    await settled(() => void unpack.end());
  }
}
