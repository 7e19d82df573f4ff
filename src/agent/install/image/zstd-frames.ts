// The framing of zstd (RFC 8878, 3.1).
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { AgentError } from "../../errors.ts";
import type { Framing } from "./packed-frames.ts";

const frameMagic = 0xfd2f_b528;
const windowMost = 128 << 20;
const oneByteBlock = 1;
const reservedBlock = 3;

/** Whether these four bytes begin a frame, or a skippable frame, which parallel compressors put first. */
export function isZstdMagic(magic: number): boolean {
  return magic === frameMagic || isSkippable(magic);
}

function isSkippable(magic: number): boolean {
  return (magic & 0xffff_fff0) >>> 0 === 0x184d_2a50;
}

/** @throws {AgentError} `unsupported` if a frame's window needs more memory than is allowed */
function* zstdWalk(): ReturnType<Framing["walk"]> {
  for (;;) {
    const magic = (yield { kind: "read", bytes: 4 }).readUInt32LE();
    if (isSkippable(magic)) {
      const bytes = (yield { kind: "read", bytes: 4 }).readUInt32LE();
      yield { kind: "skip", bytes };
    } else if (magic === frameMagic) {
      const descriptor = (yield { kind: "read", bytes: 1 }).readUInt8();
      const single = (descriptor & 0x20) !== 0;
      if (!single) {
        requireWindow(windowBytes((yield { kind: "read", bytes: 1 }).readUInt8()));
      }
      const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
      const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
      const rest = yield { kind: "read", bytes: dictionaryBytes + sizeBytes };
      if (single) {
        requireWindow(contentBytes(rest.subarray(dictionaryBytes)));
      }
      for (let last = false; !last;) {
        const header = (yield { kind: "read", bytes: 3 }).readUIntLE(0, 3);
        const kind = (header >> 1) & 3;
        if (kind === reservedBlock) {
          return;
        }
        yield { kind: "skip", bytes: kind === oneByteBlock ? 1 : header >> 3 };
        last = (header & 1) !== 0;
      }
      yield { kind: "skip", bytes: (descriptor & 4) === 0 ? 0 : 4 };
    } else {
      return;
    }
    yield { kind: "boundary" };
  }
}

// Node 24 unpacks only the first of several frames.
const twice = Buffer.concat([zstdCompressSync("a"), zstdCompressSync("b")]);
const separate = zstdDecompressSync(twice).length < 2;

/** The framing of zstd. */
export const zstdFraming: Framing = { walk: zstdWalk, paddingUnit: 0, separate };

function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** The window of a single-segment frame is its whole content. */
function contentBytes(field: Buffer): number {
  switch (field.length) {
    case 1:
      return field.readUInt8();
    case 2:
      return field.readUInt16LE() + 256;
    case 4:
      return field.readUInt32LE();
    default:
      return Number(field.readBigUInt64LE());
  }
}

function requireWindow(bytes: number): void {
  if (bytes > windowMost) {
    throw new AgentError(
      "unsupported",
      `the image is packed by zstd with a window of ${Math.ceil(bytes / 2 ** 20)} MiB, and this agent unpacks up to 128 MiB: ` +
        "pack it with zstd --long=27 or less",
    );
  }
}
