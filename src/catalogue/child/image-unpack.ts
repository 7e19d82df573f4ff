import { createReadStream } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { decompressInto, packingOf, type Packing } from "../../agent/install/image/decompress.ts";
import { foreignEndBytes, foreignFormatAtEnd } from "../../agent/install/image/foreign-format.ts";
import { fileNameOf, foreignRefused, imageLook, imageLookBytes } from "../../agent/install/image/image-look.ts";
import type { Qcow2 } from "../../agent/install/image/qcow2-header.ts";
import { qcow2Read } from "../../agent/install/image/qcow2-read.ts";
import { isZero } from "../../agent/disk/zero.ts";
import { peek } from "../../agent/install/fetch/peek.ts";
import { ImageFormat } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { CatalogueError } from "../errors.ts";
import type { DiskShare } from "./disk-share.ts";
import type { ImageJob } from "./image-job.ts";

/** An image as a machine's disk would hold it, in a file. */
export interface UnpackedImage {
  path: string;
  bytes: number;
  format: "raw" | "qcow2";
  packing: Packing;
}

const readBytes = 1 << 20;
const headBytes = 512;

/** Called with the bytes of the fetched file that were used up. */
type UnpackProgress = (bytesDone: number, bytesTotal: number) => void;

/**
 * Unpacks the fetched file beside itself, with holes in place of zeros. What would be longer than the limit is refused
 * before it is written.
 * @throws {CatalogueError} `too_large`; {AgentError} `image_invalid`, `unsupported`
 */
export async function imageUnpack(
  job: ImageJob,
  packed: { path: string; bytes: number; room: DiskShare },
  progress: UnpackProgress,
): Promise<UnpackedImage> {
  const { format, compression } = job.source;
  const most = job.limits.unpackedBytes;
  await using source = await open(packed.path, "r");
  const packing = packingOf(compression, await readAt(source, headBytes, 0));
  const name = fileNameOf(job.source.url, packing !== "none");
  const raw = `${packed.path}.unpacked`;
  const disk = `${packed.path}.disk`;
  let bytes = 0;
  let tail: Buffer = Buffer.alloc(0);
  let qcow2: Qcow2 | undefined;
  if (packing === "none") {
    const look = imageLook(format, await readAt(source, imageLookBytes, 0), name);
    qcow2 = look.kind === "qcow2" ? look.header : undefined;
    bytes = packed.bytes;
    tail = await readAt(source, foreignEndBytes, Math.max(0, packed.bytes - foreignEndBytes));
  } else {
    await using out = await open(raw, "wx", 0o600);
    let used = 0;
    const sink = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
      const { head, body } = await peek(chunks, imageLookBytes);
      if (head.length === 0) {
        return;
      }
      const look = imageLook(format, head, name);
      qcow2 = look.kind === "qcow2" ? look.header : undefined;
      for await (const chunk of body) {
        roomFor(bytes + chunk.length, most);
        tail = Buffer.concat([tail, chunk.subarray(-foreignEndBytes)]).subarray(-foreignEndBytes);
        await writeSparse({ file: out, room: packed.room }, chunk, bytes);
        bytes += chunk.length;
        progress(used, packed.bytes);
      }
    };
    const pieces = createReadStream(packed.path, { highWaterMark: readBytes }) as AsyncIterable<Buffer>;
    await decompressInto(pieces, packing, sink, (piece) => {
      used += piece.length;
    });
    await out.truncate(bytes);
  }
  if (bytes === 0) {
    throw new CatalogueError("unusable", "it unpacks to nothing");
  }
  const foreign = qcow2 === undefined && format !== ImageFormat.RAW ? foreignFormatAtEnd(tail, name) : undefined;
  if (foreign !== undefined) {
    throw foreignRefused(foreign);
  }
  const found = { format: qcow2 === undefined ? ("raw" as const) : ("qcow2" as const), packing };
  const plain = packing === "none" ? packed.path : raw;
  if (qcow2 === undefined) {
    roomFor(bytes, most);
    return { path: plain, bytes, ...found };
  }
  roomFor(qcow2.virtualBytes, most);
  await convert({ path: plain, bytes }, qcow2, { path: disk, room: packed.room }, progress);
  return { path: disk, bytes: qcow2.virtualBytes, ...found };
}

async function convert(
  from: { path: string; bytes: number },
  image: Qcow2,
  to: { path: string; room: DiskShare },
  progress: UnpackProgress,
): Promise<void> {
  await using source = await open(from.path, "r");
  await using out = await open(to.path, "wx", 0o600);
  let position = 0;
  for await (const chunk of qcow2Read(image, (length, at) => readAt(source, length, at), from.bytes)) {
    await writeSparse({ file: out, room: to.room }, chunk, position);
    position += chunk.length;
    progress(position, image.virtualBytes);
  }
  await out.truncate(image.virtualBytes);
}

/** @throws {CatalogueError} `too_large` */
function roomFor(bytes: number, most: number): void {
  if (bytes > most) {
    throw new CatalogueError(
      "too_large",
      `the image takes ${bytes} bytes or more once it is unpacked, and the server unpacks at most ${most}`,
    );
  }
}

/** Reads from a file; fewer bytes at its end. */
export async function readAt(file: FileHandle, length: number, position: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) {
      break;
    }
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** Writes what is not zero; the rest stays a hole. */
async function writeSparse(
  { file, room }: { file: FileHandle; room: DiskShare },
  chunk: Buffer,
  position: number,
): Promise<void> {
  const pieceBytes = 256 << 10;
  for (let at = 0; at < chunk.length; at += pieceBytes) {
    const piece = chunk.subarray(at, at + pieceBytes);
    if (!isZero(piece)) {
      room.take(piece.length);
      await file.write(piece, 0, piece.length, position + at);
    }
  }
}
