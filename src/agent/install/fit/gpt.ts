// GUID partition tables (UEFI 2.10, 5.3): read from an image's beginning, written for a disk of another size.
import { crc32 } from "node:zlib";
import { AgentError } from "../../errors.ts";

/** A partition table in memory; positions are in blocks from the disk's beginning. */
export interface Gpt {
  blockBytes: number;
  diskGuid: Buffer;
  firstUsable: number;
  lastUsable: number;
  /** Where the first copy of the entries begins. */
  entriesAt: number;
  entryBytes: number;
  /** All entries, used or not, as on the disk. */
  entries: Buffer;
}

/** A used entry of a table. */
export interface GptPartition {
  /** From 1, as partitioning tools and `efibootmgr -p` count. */
  number: number;
  /** The type's GUID as text, lower case. */
  type: string;
  first: number;
  last: number;
}

const signature = "EFI PART";
const headerBytes = 92;
const entryBytesLeast = 128;
// Tables have 128 entries; more than this means garbage.
const entriesMost = 4096;
const nameBytes = 72;

/**
 * Parses the table in an image's beginning; undefined if there is none. `blockBytes` is the disk's logical block.
 * @throws {AgentError} `image_invalid` if it is damaged, or made for another block size
 */
export function gptRead(beginning: Buffer, blockBytes: number): Gpt | undefined {
  const has = (at: number): boolean => beginning.toString("latin1", at, at + signature.length) === signature;
  if (!has(blockBytes)) {
    const other = [512, 4096].find((bytes) => bytes !== blockBytes && has(bytes));
    if (other !== undefined) {
      throw new AgentError(
        "image_invalid",
        `the image's partition table is for disks with blocks of ${other} bytes, this one has ${blockBytes}: use an ` +
          "image made for such disks, or choose another disk",
      );
    }
    return undefined;
  }
  const header = beginning.subarray(blockBytes, 2 * blockBytes);
  if (header.length < headerBytes) {
    throw damaged("it is cut short");
  }
  const size = header.readUInt32LE(12);
  if (size < headerBytes || size > header.length) {
    throw damaged(`its header says that it has ${size} bytes`);
  }
  const bare = Buffer.from(header.subarray(0, size));
  bare.writeUInt32LE(0, 16);
  if (crc32(bare) !== header.readUInt32LE(16)) {
    throw damaged("its header's checksum is wrong");
  }
  const count = header.readUInt32LE(80);
  const entryBytes = header.readUInt32LE(84);
  if (entryBytes < entryBytesLeast || entryBytes > blockBytes || entryBytes % 8 !== 0 || count > entriesMost) {
    throw damaged(`it says that it has ${count} entries of ${entryBytes} bytes`);
  }
  const entriesAt = place(header, 72);
  const firstUsable = place(header, 40);
  const start = entriesAt * blockBytes;
  const end = start + Math.ceil((count * entryBytes) / blockBytes) * blockBytes;
  if (entriesAt < 2 || end > beginning.length || end > firstUsable * blockBytes) {
    throw damaged(`it says that its entries are at block ${entriesAt}, and what is usable begins at ${firstUsable}`);
  }
  const entries = Buffer.from(beginning.subarray(start, start + count * entryBytes));
  if (crc32(entries) !== header.readUInt32LE(88)) {
    throw damaged("its entries' checksum is wrong");
  }
  return {
    blockBytes,
    diskGuid: Buffer.from(header.subarray(56, 72)),
    firstUsable,
    lastUsable: place(header, 48),
    entriesAt,
    entryBytes,
    entries,
  };
}

/** Bytes from the disk's beginning to the end of the table, according to its unchecked header; 0 if there is none. */
export function gptReach(beginning: Buffer, blockBytes: number): number {
  const header = beginning.subarray(blockBytes, 2 * blockBytes);
  if (header.length < headerBytes || header.toString("latin1", 0, signature.length) !== signature) {
    return 0;
  }
  return Number(header.readBigUInt64LE(72)) * blockBytes + header.readUInt32LE(80) * header.readUInt32LE(84);
}

/** The used entries, in the table's order. @throws {AgentError} `image_invalid` */
export function gptPartitions(gpt: Gpt): GptPartition[] {
  const { entries, entryBytes } = gpt;
  const partitions: GptPartition[] = [];
  for (let at = 0; at < entries.length; at += entryBytes) {
    const entry = entries.subarray(at, at + entryBytes);
    if (entry.subarray(0, 16).some((byte) => byte !== 0)) {
      const partition = {
        number: at / entryBytes + 1,
        type: guidText(entry),
        first: place(entry, 32),
        last: place(entry, 40),
      };
      if (partition.first < gpt.firstUsable || partition.last < partition.first) {
        throw damaged(
          `partition ${partition.number} has the impossible range from block ${partition.first} to ${partition.last}`,
        );
      }
      partitions.push(partition);
    }
  }
  return partitions;
}

/** The bytes of a new entry. `type` and `id` are GUIDs as text. */
export function gptEntry(
  gpt: Pick<Gpt, "entryBytes">,
  partition: Pick<GptPartition, "type" | "first" | "last"> & { id: string; name: string },
): Buffer {
  const entry = Buffer.alloc(gpt.entryBytes);
  guidBytes(partition.type).copy(entry, 0);
  guidBytes(partition.id).copy(entry, 16);
  entry.writeBigUInt64LE(BigInt(partition.first), 32);
  entry.writeBigUInt64LE(BigInt(partition.last), 40);
  entry.write(partition.name, 56, nameBytes, "utf16le");
  return entry;
}

/** Bytes with their position. */
export interface PlacedBytes {
  /** In bytes from the disk's beginning. */
  position: number;
  bytes: Buffer;
}

/** Both copies of a table for a disk of `diskBlocks`: after its beginning, and at its end. */
export function gptBytes(gpt: Gpt, diskBlocks: number): { primary: PlacedBytes[]; backup: PlacedBytes[] } {
  const { blockBytes, entriesAt } = gpt;
  const last = diskBlocks - 1;
  const backupEntriesAt = last - entryBlocks(gpt);
  const padded = Buffer.alloc(entryBlocks(gpt) * blockBytes);
  gpt.entries.copy(padded);
  return {
    primary: [
      { position: blockBytes, bytes: headerBlock(gpt, { own: 1, other: last, entriesAt }) },
      { position: entriesAt * blockBytes, bytes: padded },
    ],
    backup: [
      { position: backupEntriesAt * blockBytes, bytes: padded },
      { position: last * blockBytes, bytes: headerBlock(gpt, { own: last, other: 1, entriesAt: backupEntriesAt }) },
    ],
  };
}

/** Blocks that one copy of the entries takes. */
export function entryBlocks(gpt: Pick<Gpt, "entries" | "blockBytes">): number {
  return Math.ceil(gpt.entries.length / gpt.blockBytes);
}

function headerBlock(gpt: Gpt, at: { own: number; other: number; entriesAt: number }): Buffer {
  const bytes = Buffer.alloc(gpt.blockBytes);
  bytes.write(signature, 0, "latin1");
  // Revision 1.0.
  bytes.writeUInt32LE(0x0001_0000, 8);
  bytes.writeUInt32LE(headerBytes, 12);
  bytes.writeBigUInt64LE(BigInt(at.own), 24);
  bytes.writeBigUInt64LE(BigInt(at.other), 32);
  bytes.writeBigUInt64LE(BigInt(gpt.firstUsable), 40);
  bytes.writeBigUInt64LE(BigInt(gpt.lastUsable), 48);
  gpt.diskGuid.copy(bytes, 56);
  bytes.writeBigUInt64LE(BigInt(at.entriesAt), 72);
  bytes.writeUInt32LE(gpt.entries.length / gpt.entryBytes, 80);
  bytes.writeUInt32LE(gpt.entryBytes, 84);
  bytes.writeUInt32LE(crc32(gpt.entries), 88);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, headerBytes)), 16);
  return bytes;
}

/** Parses a block number; a number beyond any disk means damage. */
function place(bytes: Buffer, offset: number): number {
  const value = Number(bytes.readBigUInt64LE(offset));
  if (value > Number.MAX_SAFE_INTEGER / 4096) {
    throw damaged(`it names block ${value}`);
  }
  return value;
}

function damaged(how: string): AgentError {
  return new AgentError(
    "image_invalid",
    `the image's partition table (GPT) is damaged: ${how}; make the image anew and check it with sgdisk -v`,
  );
}

/** The first three fields of a GUID are little-endian (UEFI 2.10, appendix A). */
function guidText(bytes: Buffer): string {
  const swapped = Buffer.from(bytes.subarray(0, 16));
  swapped.subarray(0, 4).reverse();
  swapped.subarray(4, 6).reverse();
  swapped.subarray(6, 8).reverse();
  return swapped.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/u, "$1-$2-$3-$4-");
}

function guidBytes(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll("-", ""), "hex");
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
