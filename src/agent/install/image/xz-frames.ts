// The framing of xz (the .xz file format 1.2.0) and of LZMA2, which is the last filter of every block.
import type { Framing } from "./packed-frames.ts";

const streamMagic = Buffer.from("fd377a585a00", "hex");
/** Bytes of a block's checksum, by its kind. */
const checkBytes = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
const footerBytes = 12;

/** xz streams; NULs may be between two of them (2.2). */
export const xzFraming: Framing = { walk: xzWalk, paddingUnit: 4, separate: false };

function* xzWalk(): ReturnType<Framing["walk"]> {
  for (;;) {
    if (!(yield { kind: "read", bytes: streamMagic.length }).equals(streamMagic)) {
      return;
    }
    // Two bytes of flags, and their CRC32.
    const check = checkBytes[(yield { kind: "read", bytes: 6 }).readUInt8(1) & 15] ?? 0;
    for (;;) {
      const size = (yield { kind: "read", bytes: 1 }).readUInt8();
      if (size === 0) {
        break;
      }
      yield { kind: "skip", bytes: (size + 1) * 4 - 1 };
      const bytes = yield* lzma2Walk();
      if (bytes === undefined) {
        return;
      }
      yield { kind: "skip", bytes: padding(bytes) + check };
    }
    const indexBytes = 1 + (yield* recordsWalk());
    yield { kind: "skip", bytes: padding(indexBytes) + 4 + footerBytes };
    yield { kind: "boundary" };
  }
}

/** Parses the chunks of one block; returns their total length, undefined if they can't be parsed. */
function* lzma2Walk(): Generator<{ kind: "read" | "skip"; bytes: number }, number | undefined, Buffer> {
  let total = 0;
  for (;;) {
    const control = (yield { kind: "read", bytes: 1 }).readUInt8();
    total += 1;
    if (control === 0) {
      return total;
    }
    if (control <= 2) {
      const bytes = (yield { kind: "read", bytes: 2 }).readUInt16BE() + 1;
      yield { kind: "skip", bytes };
      total += 2 + bytes;
    } else if (control >= 0x80) {
      const bytes = (yield { kind: "read", bytes: 4 }).readUInt16BE(2) + 1 + (control >= 0xc0 ? 1 : 0);
      yield { kind: "skip", bytes };
      total += 4 + bytes;
    } else {
      return undefined;
    }
  }
}

/** Parses the index' number of records, and two numbers for each; returns their total length. */
function* recordsWalk(): Generator<{ kind: "read"; bytes: number }, number, Buffer> {
  let total = 0;
  let left = 1;
  for (let first = true; left > 0; first = false) {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = (yield { kind: "read", bytes: 1 }).readUInt8();
      total += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        break;
      }
    }
    left = first ? 2 * value : left - 1;
  }
  return total;
}

function padding(bytes: number): number {
  return (4 - (bytes % 4)) % 4;
}
