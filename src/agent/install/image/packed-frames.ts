// Finds where packed data ends: zstd and xz say so in their framing, which is parsed here without unpacking.
import { AgentError } from "../../errors.ts";

/** What a walk asks for. */
type Step =
  /** Read `bytes` bytes, returned together. */
  | { kind: "read"; bytes: number }
  /** Skip `bytes` bytes, whatever their content. */
  | { kind: "skip"; bytes: number }
  /** A frame has ended. */
  | { kind: "boundary" };

/** One kind of framing. */
export interface Framing {
  /** Parses the framing, and returns if it can't go on: the rest is left to the unpacking program. */
  walk(): Generator<Step, void, Buffer>;
  /** The length of NUL padding between two frames is a multiple of this; 0 means that there is none. */
  paddingUnit: number;
  /** Whether each frame must be passed on separately. */
  separate: boolean;
}

const nul = Buffer.alloc(64 << 10);
const none = Buffer.alloc(0);

/** The error for an image with further bytes after its packed data. `at`: bytes from the file's beginning. */
export function moreBytesFollow(at: number | undefined): AgentError {
  const where = at === undefined ? "" : ` (at byte ${at})`;
  return new AgentError(
    "image_invalid",
    `more bytes follow after the packed image's end${where}: only NULs may; build the file again`,
  );
}

/**
 * Passes on the packed data, and leaves out any number of NULs between and after its frames.
 * @throws {AgentError} `image_invalid` if other bytes follow; what the walk throws
 */
export async function* packedOnly(source: AsyncIterable<Buffer>, framing: Framing): AsyncGenerator<Buffer> {
  const steps = framing.walk();
  let held = none;
  let step = steps.next();
  let skip = 0;
  let fileAt = 0;
  let frames = 0;
  let nuls = 0;
  // The bytes read of a next frame do not show yet whether it is one.
  let fresh = false;
  for await (const piece of source) {
    let at = 0;
    // The part of the piece that is passed on begins here.
    let from = 0;
    while (at < piece.length && step.done !== true) {
      const { value } = step;
      if (value.kind === "boundary") {
        frames += 1;
        const past = pastNuls(piece, at);
        if (framing.separate || past > at) {
          yield* some(piece, from, at);
          from = past;
        }
        nuls += past - at;
        at = past;
        if (at < piece.length) {
          if (nuls > 0 && (framing.paddingUnit === 0 || nuls % framing.paddingUnit !== 0)) {
            throw moreBytesFollow(fileAt + at);
          }
          nuls = 0;
          fresh = true;
          step = steps.next(nul);
        }
      } else if (value.kind === "skip") {
        const taken = Math.min(value.bytes - skip, piece.length - at);
        at += taken;
        skip += taken;
        if (skip === value.bytes) {
          skip = 0;
          step = steps.next(nul);
        }
      } else {
        const taken = Math.min(value.bytes - held.length, piece.length - at);
        const part = piece.subarray(at, at + taken);
        const whole = held.length === 0 ? part : Buffer.concat([held, part]);
        at += taken;
        if (whole.length < value.bytes) {
          // A piece is valid only until the next is requested.
          held = Buffer.from(whole);
        } else {
          held = none;
          fresh = false;
          step = steps.next(whole);
          if (step.done === true && frames > 0) {
            throw moreBytesFollow(fileAt + at - value.bytes);
          }
        }
      }
    }
    // A step of no bytes is done at once, even at a piece's end.
    while (step.done !== true && step.value.kind !== "boundary" && step.value.bytes === 0) {
      step = steps.next(nul);
    }
    yield* some(piece, from, piece.length);
    fileAt += piece.length;
  }
  if (fresh) {
    throw moreBytesFollow(fileAt - held.length);
  }
}

function* some(piece: Buffer, from: number, to: number): Generator<Buffer> {
  if (to > from) {
    yield piece.subarray(from, to);
  }
}

function pastNuls(piece: Buffer, from: number): number {
  let at = from;
  while (at < piece.length && piece[at] === 0) {
    const wide = Math.min(nul.length, piece.length - at);
    at += piece.compare(nul, 0, wide, at, at + wide) === 0 ? wide : 1;
  }
  return at;
}
