// What file system begins like this, by its magic number (as libblkid's probes). Pure.

/** Bytes of a file system's beginning that are enough: btrfs' super block is behind 64 KiB. */
export const fileSystemHeadBytes = 68 << 10;

const known: readonly (readonly [name: string, position: number, magic: string])[] = [
  ["xfs", 0, "XFSB"],
  ["btrfs", (64 << 10) + 64, "_BHRfS_M"],
  ["f2fs", 1024, "\u0010\u0020\u00f5\u00f2"],
  ["erofs", 1024, "\u00e2\u00e1\u00f5\u00e0"],
  ["squashfs", 0, "hsqs"],
  ["ntfs", 3, "NTFS    "],
  ["exfat", 3, "EXFAT   "],
  ["vfat", 82, "FAT32   "],
  ["vfat", 54, "FAT1"],
  ["swap", 4086, "SWAPSPACE2"],
  ["LUKS", 0, "LUKS\u00ba\u00be"],
  ["LVM", 512, "LABELONE"],
  ["iso9660", 32_769, "CD001"],
];

const extMagicAt = 1080;
const extMagic = 0xef53;
// Feature words of the super block (Linux, Documentation/filesystems/ext4/super.rst): `has_journal` is in the compatible
// ones, those below came with ext4.
const extFeatures = { compatibleAt: 1116, incompatibleAt: 1120, readOnlyAt: 1124, journal: 0x4 };
const ext4Incompatible = 0x40 | 0x80 | 0x200 | 0x2000 | 0x8000 | 0x1_0000;
const ext4ReadOnly = 0x8 | 0x10 | 0x20 | 0x40 | 0x400;

/** Such as "ext4" or "xfs"; "" if it is unknown. */
export function fileSystemOf(head: Buffer): string {
  if (head.length >= extFeatures.readOnlyAt + 4 && head.readUInt16LE(extMagicAt) === extMagic) {
    const has = (at: number, bits: number): boolean => (head.readUInt32LE(at) & bits) !== 0;
    return has(extFeatures.incompatibleAt, ext4Incompatible) || has(extFeatures.readOnlyAt, ext4ReadOnly)
      ? "ext4"
      : has(extFeatures.compatibleAt, extFeatures.journal)
        ? "ext3"
        : "ext2";
  }
  return known.find(([, at, magic]) => head.toString("latin1", at, at + magic.length) === magic)?.[0] ?? "";
}
