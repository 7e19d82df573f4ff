import { randomBytes } from "node:crypto";

/** An image that a BIOS starts: boot code, and one active partition. 8 MiB, other ones each time. */
export function biosImage(): Buffer {
  const bytes = randomBytes(8 << 20);
  bytes.fill(0, 440, 512);
  // Active, type Linux, from sector 2048 to the end.
  bytes.set([0x80, 0, 0, 0, 0x83, 0, 0, 0], 446);
  bytes.writeUInt32LE(2048, 454);
  bytes.writeUInt32LE(bytes.length / 512 - 2048, 458);
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}
