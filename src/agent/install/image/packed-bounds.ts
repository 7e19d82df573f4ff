import { AgentError } from "../../errors.ts";
import { isZero } from "../../disk/zero.ts";

/** Bytes that may be fetched without one being unpacked from them. */
const idleMost = 64 << 20;

/** What a packed file for a disk of `capacityBytes` may have: what can't be packed grows a little. */
export function packedMost(capacityBytes: bigint): bigint {
  return capacityBytes + capacityBytes / 16n + 1_048_576n;
}

/**
 * Gives the source's pieces on, as long as there are no more than a disk of `capacityBytes` can want.
 * @throws {AgentError} `disk_too_small`
 */
export async function* packedBounded(source: AsyncIterable<Buffer>, capacityBytes: bigint): AsyncGenerator<Buffer> {
  let bytes = 0n;
  for await (const piece of source) {
    bytes += BigInt(piece.length);
    requirePackedRoom(bytes, capacityBytes);
    yield piece;
  }
}

/** @throws {AgentError} `disk_too_small` when a packed file has more bytes than a disk of `capacityBytes` can want */
export function requirePackedRoom(bytes: bigint, capacityBytes: bigint): void {
  if (bytes > packedMost(capacityBytes)) {
    throw new AgentError(
      "disk_too_small",
      `the packed image has ${bytes} bytes or more, and the disk has ${capacityBytes}: choose a larger disk, or pack the image ` +
        "anew, for what is in it does not make up its size",
    );
  }
}

/**
 * Gives the source's pieces on, as long as something is unpacked from them: `unpacked` says how many bytes so far.
 * @throws {AgentError} `image_invalid` after 64 MiB from which nothing was
 */
export async function* packedYielding(source: AsyncIterable<Buffer>, unpacked: () => number): AsyncGenerator<Buffer> {
  let seen = 0;
  let idle = 0;
  for await (const piece of source) {
    // NULs may stand behind the packed data.
    const bytes = isZero(piece) ? 0 : piece.length;
    idle = unpacked() === seen ? idle + bytes : bytes;
    seen = unpacked();
    if (idle > idleMost) {
      throw new AgentError(
        "image_invalid",
        `64 MiB of the packed image hold no byte of an image (after ${seen} bytes): it is damaged, or made to waste time; pack ` +
          "the image anew",
      );
    }
    yield piece;
  }
}
