// A small FAT file system in memory, after Microsoft's "FAT: General Overview of On-Disk Format" 1.03: FAT12, files in
// the root folder only, long names. No program, kernel module or mount is needed to make it.

/** A file in the root folder. Its name is longer than 8.3 or in lower case. */
export interface FatFile {
  name: string;
  data: Uint8Array;
}

// FAT12 has at most 4,084 clusters: with 4 KiB each, up to 15 MiB.
const clusterBytes = 4096;
const rootEntries = 512;
const entryBytes = 32;
const fats = 2;
const endOfChain = 0xfff;
const namePiece = 13;
/** Where a long name's 13 characters are in an entry. */
const namePlaces = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
// 1 January 1980: a date is required, and the same files must give the same bytes.
const date = 0x21;

/**
 * A file system of `bytes` that contains `files`. `sectorBytes` must not be smaller than the disk's logical block, or
 * Linux refuses to mount it.
 * @throws {RangeError} if the files do not fit
 */
export function fatImage(options: {
  bytes: number;
  sectorBytes: number;
  label: string;
  serial: number;
  files: readonly FatFile[];
}): Buffer {
  const { bytes, sectorBytes, label, serial, files } = options;
  const image = Buffer.alloc(bytes);
  const fatBytes = roundUp(Math.ceil((bytes / clusterBytes + 2) * 1.5), sectorBytes);
  const rootAt = sectorBytes + fats * fatBytes;
  const dataAt = rootAt + rootEntries * entryBytes;
  const clusters = Math.floor((bytes - dataAt) / clusterBytes);
  bootSector(image, { bytes, sectorBytes, fatBytes, label, serial });
  const table: number[] = [0xff8, endOfChain];
  const folder: Buffer[] = [shortEntry(label.toUpperCase().padEnd(11), { attributes: 0x08, cluster: 0, size: 0 })];
  for (const [index, { name, data }] of files.entries()) {
    const first = table.length;
    const count = Math.ceil(data.length / clusterBytes);
    for (let each = 1; each <= count; each += 1) {
      table.push(each === count ? endOfChain : first + each);
    }
    if (table.length - 2 > clusters) {
      throw new RangeError(`the files do not fit into a file system of ${bytes} bytes`);
    }
    image.set(data, dataAt + (first - 2) * clusterBytes);
    const short = `FILE~${index + 1}`.padEnd(11);
    folder.push(...longEntries(name, short));
    folder.push(shortEntry(short, { attributes: 0x20, cluster: count === 0 ? 0 : first, size: data.length }));
  }
  const fat = fat12(table, fatBytes);
  for (let copy = 0; copy < fats; copy += 1) {
    fat.copy(image, sectorBytes + copy * fatBytes);
  }
  Buffer.concat(folder).copy(image, rootAt, 0, rootEntries * entryBytes);
  return image;
}

function bootSector(
  image: Buffer,
  of: { bytes: number; sectorBytes: number; fatBytes: number; label: string; serial: number },
): void {
  image.set([0xeb, 0x3c, 0x90]);
  image.write("FARRIER ", 3, "latin1");
  image.writeUInt16LE(of.sectorBytes, 11);
  image.writeUInt8(clusterBytes / of.sectorBytes, 13);
  // One reserved sector: this one.
  image.writeUInt16LE(1, 14);
  image.writeUInt8(fats, 16);
  image.writeUInt16LE(rootEntries, 17);
  image.writeUInt16LE(of.bytes / of.sectorBytes, 19);
  // A fixed disk.
  image.writeUInt8(0xf8, 21);
  image.writeUInt16LE(of.fatBytes / of.sectorBytes, 22);
  // A geometry that is not used, but that some programs require.
  image.writeUInt16LE(32, 24);
  image.writeUInt16LE(64, 26);
  image.writeUInt8(0x80, 36);
  image.writeUInt8(0x29, 38);
  image.writeUInt32LE(of.serial, 39);
  image.write(of.label.toUpperCase().padEnd(11), 43, 11, "latin1");
  image.write("FAT12   ", 54, "latin1");
  image.writeUInt16LE(0xaa55, 510);
}

/** Entries of 12 bits, two in three bytes. */
function fat12(table: readonly number[], bytes: number): Buffer {
  const fat = Buffer.alloc(bytes);
  for (const [index, value] of table.entries()) {
    const at = index + (index >> 1);
    const pair = fat.readUInt16LE(at);
    fat.writeUInt16LE(index % 2 === 0 ? (pair & 0xf000) | value : (pair & 0x000f) | (value << 4), at);
  }
  return fat;
}

function shortEntry(name: string, of: { attributes: number; cluster: number; size: number }): Buffer {
  const entry = Buffer.alloc(entryBytes);
  entry.write(name, 0, 11, "latin1");
  entry.writeUInt8(of.attributes, 11);
  entry.writeUInt16LE(date, 16);
  entry.writeUInt16LE(date, 18);
  entry.writeUInt16LE(date, 24);
  entry.writeUInt16LE(of.cluster, 26);
  entry.writeUInt32LE(of.size, 28);
  return entry;
}

/** The entries of a long name, last first, tied to its short name by a checksum. */
function longEntries(name: string, short: string): Buffer[] {
  const sum = Buffer.from(short, "latin1").reduce((all, byte) => (((all & 1) << 7) + (all >> 1) + byte) & 0xff, 0);
  const pieces = Math.ceil(name.length / namePiece);
  return Array.from({ length: pieces }, (_, index) => {
    const number = pieces - index;
    const entry = Buffer.alloc(entryBytes);
    entry.writeUInt8(number === pieces ? number | 0x40 : number, 0);
    entry.writeUInt8(0x0f, 11);
    entry.writeUInt8(sum, 13);
    for (const [offset, place] of namePlaces.entries()) {
      const at = (number - 1) * namePiece + offset;
      // A NUL after the name, then 0xffff.
      entry.writeUInt16LE(at < name.length ? name.charCodeAt(at) : at === name.length ? 0 : 0xffff, place);
    }
    return entry;
  });
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
