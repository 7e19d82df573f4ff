// Partition tables of the master boot record (UEFI 2.10, 5.2.1), read from an image's beginning. Pure.

/** A used entry of the table; positions are in blocks of 512 bytes. */
export interface MbrPartition {
  /** From 1, as partitioning tools and `efibootmgr -p` count. */
  number: number;
  type: number;
  first: number;
  blocks: number;
}

/** The type that announces a GPT after the record. */
export const protectiveType = 0xee;
/** Types that stand for a chain of further partitions. */
export const extendedTypes: ReadonlySet<number> = new Set([0x05, 0x0f, 0x85]);
/** What places in the table are counted in. */
export const mbrSectorBytes = 512;
/** The type of an EFI system partition. */
export const mbrSystemType = 0xef;

const tableAt = 446;
const entryBytes = 16;
const signatureAt = 440;
const magicAt = 510;
// Boot sectors of file systems end with the same magic number, and have code where a table would be.
const fileSystems: readonly (readonly [position: number, magic: string])[] = [
  [54, "FAT1"],
  [82, "FAT32"],
  [3, "NTFS    "],
  [3, "EXFAT   "],
];

/** Whether a first sector ends with the BIOS' boot signature. */
export function hasBootMagic(beginning: Buffer): boolean {
  return beginning.length >= magicAt + 2 && beginning.readUInt16LE(magicAt) === 0xaa55;
}

/** The used entries; none if there is no such table. */
export function mbrPartitions(beginning: Buffer): MbrPartition[] {
  const isFileSystem = fileSystems.some(([at, magic]) => beginning.toString("latin1", at, at + magic.length) === magic);
  if (!hasBootMagic(beginning) || isFileSystem) {
    return [];
  }
  const entries = [0, 1, 2, 3].map((index) => {
    const entry = beginning.subarray(tableAt + index * entryBytes);
    const used = { type: entry.readUInt8(4), first: entry.readUInt32LE(8), blocks: entry.readUInt32LE(12) };
    return { number: index + 1, active: entry.readUInt8(0), ...used };
  });
  if (entries.some(({ active }) => active !== 0 && active !== 0x80)) {
    return [];
  }
  return entries.flatMap(({ number, type, first, blocks }) =>
    type === 0 || blocks === 0 ? [] : [{ number, type, first, blocks }],
  );
}

/**
 * Gives a table without a signature one, in place: firmware identifies a partition by it and the partition's number.
 */
export function mbrSignatureFit(beginning: Buffer, signature: number): void {
  if (beginning.readUInt32LE(signatureAt) === 0) {
    beginning.writeUInt32LE(signature, signatureAt);
  }
}
