import { AgentError } from "../../errors.ts";
import { isZero } from "../../disk/zero.ts";

/** Maximum bytes fetched without a byte unpacked from them. */
const idleMost = 64 << 20;

/** Maximum size of a packed file for a disk of `capacityBytes`: incompressible data grows a little. */
export function packedMost(capacityBytes: bigint): bigint {
  return capacityBytes + capacityBytes / 16n + 1_048_576n;
}

/**
 * Passes on the source's pieces, up to the maximum that a disk of `capacityBytes` can need.
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

/** @throws {AgentError} `disk_too_small` if a packed file is larger than a disk of `capacityBytes` can need */
export function requirePackedRoom(bytes: bigint, capacityBytes: bigint): void {
  if (bytes > packedMost(capacityBytes)) {
    throw new AgentError(
      "disk_too_small",
      `the packed image has ${bytes} bytes or more, and the disk has ${capacityBytes}: choose a larger disk, or pack the image ` +
        "again, since its content is smaller than the file",
    );
  }
}

/**
 * Passes on the source's pieces while they yield data; `unpacked` returns the bytes so far.
 * @throws {AgentError} `image_invalid` after 64 MiB without any
 */
export async function* packedYielding(source: AsyncIterable<Buffer>, unpacked: () => number): AsyncGenerator<Buffer> {
  let seen = 0;
  let idle = 0;
  for await (const piece of source) {
    // NULs may follow the packed data.
    const bytes = isZero(piece) ? 0 : piece.length;
    idle = unpacked() === seen ? idle + bytes : bytes;
    seen = unpacked();
    if (idle > idleMost) {
      throw new AgentError(
        "image_invalid",
        `64 MiB of the packed image contain no data (after ${seen} bytes): it is damaged, or made to waste time; pack ` +
          "the image again",
      );
    }
    yield piece;
  }
}
