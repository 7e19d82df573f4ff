const tableAt = 446;
const entryBytes = 16;
const protectiveType = 0xee;

/**
 * Makes the protective MBR before a GPT (UEFI 2.10, 5.2.3) span the disk of `diskBlocks`, in place. An MBR that also
 * has BIOS partitions (a hybrid MBR), or is not protective, is left unchanged.
 */
export function protectiveMbrFit(beginning: Buffer, diskBlocks: number): void {
  const entries = [0, 1, 2, 3].map((index) => beginning.subarray(tableAt + index * entryBytes).subarray(0, entryBytes));
  const [only, ...others] = entries.filter((entry) => entry[4] !== 0);
  if (only !== undefined && others.length === 0 && only[4] === protectiveType && only.readUInt32LE(8) === 1) {
    only.writeUInt32LE(Math.min(diskBlocks - 1, 0xffff_ffff), 12);
  }
}
