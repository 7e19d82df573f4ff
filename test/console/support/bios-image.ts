/** A disk image that a BIOS would start: boot code, and an active partition. */
export function biosImageBytes(): Buffer {
  const image = Buffer.alloc(4 << 20);
  image.fill(0x90, 0, 440);
  image.set([0x80, 0, 0, 0, 0x83, 0, 0, 0], 446);
  image.writeUInt32LE(2048, 454);
  image.writeUInt32LE(4096, 458);
  image.set([0x55, 0xaa], 510);
  return image;
}
