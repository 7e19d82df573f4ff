// The label of a FAT file system made by `fat.ts`: in its boot sector, and as an entry of its root folder. Pure.

const systemName = "FARRIER ";
const label = "CIDATA     ";
const noName = "NO NAME    ";
const entryBytes = 32;
const labelAttribute = 0x08;
const deleted = 0xe5;

/** Whether this is the beginning of one of Farrier's own seeds that still has its label. */
export function isOwnSeed(beginning: Buffer): boolean {
  return (
    beginning.length >= 512 &&
    beginning.toString("latin1", 3, 11) === systemName &&
    beginning.toString("latin1", 43, 54) === label
  );
}

/** The same beginning of a file system without the label, including the root folder. */
export function fatUnlabelled(beginning: Buffer): Buffer {
  const bytes = Buffer.from(beginning);
  bytes.write(noName, 43, "latin1");
  const sectorBytes = bytes.readUInt16LE(11);
  const folder = sectorBytes * (bytes.readUInt16LE(14) + bytes.readUInt8(16) * bytes.readUInt16LE(22));
  const end = Math.min(bytes.length, folder + bytes.readUInt16LE(17) * entryBytes);
  for (let at = folder; at + entryBytes <= end; at += entryBytes) {
    if (bytes[at + 11] === labelAttribute && bytes[at] !== deleted) {
      bytes.writeUInt8(deleted, at);
    }
  }
  return bytes;
}
