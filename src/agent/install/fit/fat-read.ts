// Reads folders of a FAT file system, after Microsoft's "FAT: General Overview of On-Disk Format" 1.03. What is damaged reads as if it
// were not there.

/** Reads bytes of a file system, from `position` on; fewer at its end. */
export type FatSource = (length: number, position: number) => Promise<Buffer>;

/** A file or folder, by its long name where it has one. */
export interface FatEntry {
  name: string;
  isFolder: boolean;
  /** Of a file. */
  bytes: number;
  /** Where its content begins; 0 = it is empty. */
  cluster: number;
}

/** An opened file system. */
export interface Fat {
  /** What is in a folder; undefined = the root folder. */
  list(folder?: FatEntry): Promise<FatEntry[]>;
  /** The beginning of a file, at most this number of bytes. */
  head(file: FatEntry, bytes: number): Promise<Buffer>;
}

const entryBytes = 32;
// A folder has at most 65,536 entries.
const folderMost = entryBytes << 16;
const attribute = { label: 0x08, folder: 0x10, longName: 0x0f };
/** Where a long name's 13 characters lie in an entry. */
const namePlaces = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

interface Layout {
  width: 12 | 16 | 32;
  fatAt: number;
  /** Of FAT12 and FAT16, which keep the root folder outside of the clusters. */
  root: { at: number; bytes: number } | { cluster: number };
  dataAt: number;
  clusterBytes: number;
  clusters: number;
}

/** Opens a file system; undefined = it is no FAT. */
export async function fatOpen(read: FatSource): Promise<Fat | undefined> {
  const layout = layoutOf(await read(512, 0));
  if (layout === undefined) {
    return undefined;
  }
  return {
    list: async (folder) => {
      const { root } = layout;
      if (folder === undefined && "at" in root) {
        return entriesOf(await read(root.bytes, root.at));
      }
      const first = folder?.cluster ?? ("cluster" in root ? root.cluster : 0);
      return entriesOf(await chainRead(read, layout, first));
    },
    head: async (file, bytes) => {
      const length = Math.min(bytes, file.bytes);
      return (await chainRead(read, layout, file.cluster, length)).subarray(0, length);
    },
  };
}

/** What a boot sector says of the file system; undefined = it is none of FAT. */
function layoutOf(sector: Buffer): Layout | undefined {
  if (sector.length < 512 || sector.readUInt16LE(510) !== 0xaa55) {
    return undefined;
  }
  const sectorBytes = sector.readUInt16LE(11);
  const perCluster = sector.readUInt8(13);
  const reserved = sector.readUInt16LE(14);
  const fats = sector.readUInt8(16);
  const sectors = sector.readUInt16LE(19) || sector.readUInt32LE(32);
  const fatSectors = sector.readUInt16LE(22) || sector.readUInt32LE(36);
  const isPower = (value: number): boolean => value > 0 && (value & (value - 1)) === 0;
  if (![512, 1024, 2048, 4096].includes(sectorBytes) || !isPower(perCluster) || reserved === 0 || fats === 0) {
    return undefined;
  }
  const rootBytes = sector.readUInt16LE(17) * entryBytes;
  const rootAt = (reserved + fats * fatSectors) * sectorBytes;
  const dataAt = rootAt + Math.ceil(rootBytes / sectorBytes) * sectorBytes;
  const clusterBytes = perCluster * sectorBytes;
  const clusters = Math.floor((sectors * sectorBytes - dataAt) / clusterBytes);
  if (clusters < 1 || fatSectors === 0) {
    return undefined;
  }
  const fatAt = reserved * sectorBytes;
  const common = { fatAt, dataAt, clusterBytes, clusters };
  // The width goes by the number of clusters alone, and FAT32 by its root folder, which is in clusters.
  return rootBytes === 0
    ? { ...common, width: 32, root: { cluster: sector.readUInt32LE(44) } }
    : { ...common, width: clusters < 4085 ? 12 : 16, root: { at: rootAt, bytes: rootBytes } };
}

/** The content of a chain of clusters, until it has this number of bytes; by default as far as a folder may be long. */
async function chainRead(read: FatSource, layout: Layout, first: number, most = folderMost): Promise<Buffer> {
  const { clusterBytes, dataAt, clusters } = layout;
  const pieces: Buffer[] = [];
  for (let cluster = first, bytes = 0; bytes < most; bytes += clusterBytes) {
    if (cluster < 2 || cluster >= clusters + 2) {
      break;
    }
    pieces.push(await read(clusterBytes, dataAt + (cluster - 2) * clusterBytes));
    cluster = await nextCluster(read, layout, cluster);
  }
  return Buffer.concat(pieces);
}

/** The table's entry of a cluster; what ends a chain is no cluster's number. */
async function nextCluster(read: FatSource, { width, fatAt }: Layout, cluster: number): Promise<number> {
  const at = fatAt + Math.floor((cluster * width) / 8);
  const entry = await read(4, at);
  if (entry.length < 4) {
    return 0;
  }
  switch (width) {
    case 12:
      return (entry.readUInt16LE(0) >> (cluster % 2 === 0 ? 0 : 4)) & 0xfff;
    case 16:
      return entry.readUInt16LE(0);
    case 32:
      return entry.readUInt32LE(0) & 0x0fff_ffff;
  }
}

function entriesOf(folder: Buffer): FatEntry[] {
  const found: FatEntry[] = [];
  let long = "";
  for (let at = 0; at + entryBytes <= folder.length; at += entryBytes) {
    const entry = folder.subarray(at, at + entryBytes);
    const first = entry.readUInt8(0);
    const attributes = entry.readUInt8(11);
    if (first === 0) {
      break;
    }
    if (first === 0xe5) {
      long = "";
    } else if ((attributes & 0x3f) === attribute.longName) {
      // The last piece comes first.
      long = namePiece(entry) + ((first & 0x40) === 0 ? long : "");
    } else {
      const name = long === "" ? shortName(entry) : long;
      long = "";
      if ((attributes & attribute.label) === 0 && name !== "." && name !== "..") {
        found.push({
          name,
          isFolder: (attributes & attribute.folder) !== 0,
          bytes: entry.readUInt32LE(28),
          cluster: entry.readUInt16LE(26) + entry.readUInt16LE(20) * 0x1_0000,
        });
      }
    }
  }
  return found;
}

function namePiece(entry: Buffer): string {
  const units = namePlaces.map((place) => entry.readUInt16LE(place));
  const end = units.findIndex((unit) => unit === 0 || unit === 0xffff);
  return String.fromCharCode(...(end === -1 ? units : units.slice(0, end)));
}

function shortName(entry: Buffer): string {
  // Windows NT's way to write a short name in lower case, which mtools and Linux follow.
  const flags = entry.readUInt8(12);
  const part = (start: number, end: number, lower: number): string => {
    const text = entry.toString("latin1", start, end).trimEnd();
    return (flags & lower) === 0 ? text : text.toLowerCase();
  };
  const [name, extension] = [part(0, 8, 0x08), part(8, 11, 0x10)];
  return extension === "" ? name : `${name}.${extension}`;
}
