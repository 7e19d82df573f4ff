// Reads ELF files (System V gABI; 64 bits, little-endian): the libraries that a program needs, and where its loaded
// part ends.

const magic = Buffer.from("7f454c460201", "hex");
const programHeaderSize = 56;
const segmentLoad = 1;
const segmentDynamic = 2;
const segmentInterpreter = 3;
const dynamicNull = 0n;
const dynamicNeeded = 1n;
const dynamicStringTable = 5n;

/** What a program or library needs to be loaded. */
export interface ElfNeeds {
  /** The path of the program's dynamic loader; undefined for a library or a static program. */
  interpreter: string | undefined;
  /** Names of libraries. */
  needed: string[];
}

interface Segment {
  type: number;
  offset: number;
  address: bigint;
  fileSize: number;
}

/** True if it begins like such a file. */
export function isElf(bytes: Uint8Array): boolean {
  return magic.equals(bytes.subarray(0, magic.length));
}

/** Reads the needs. @throws {RangeError} if it is not a 64-bit ELF file, or a damaged one */
export function elfNeeds(bytes: Buffer): ElfNeeds {
  const segments = segmentsOf(bytes);
  const interpreter = segments.find(({ type }) => type === segmentInterpreter);
  const dynamic = segments.find(({ type }) => type === segmentDynamic);
  return {
    interpreter: interpreter === undefined ? undefined : text(bytes, interpreter.offset),
    needed: dynamic === undefined ? [] : neededNames(bytes, segments, dynamic),
  };
}

/**
 * The file without parts that are never loaded: symbols, debugging information and the section table. It still runs.
 * @throws {RangeError} as {@link elfNeeds}
 */
export function elfStripped(bytes: Buffer): Buffer {
  const segments = segmentsOf(bytes);
  const end = Math.max(...segments.map(({ offset, fileSize }) => offset + fileSize));
  const stripped = Buffer.from(bytes.subarray(0, end));
  // The section table's offset, its number of entries, and the index of the names' section.
  stripped.writeBigUInt64LE(0n, 40);
  stripped.fill(0, 60, 64);
  return stripped;
}

function segmentsOf(bytes: Buffer): Segment[] {
  if (!isElf(bytes)) {
    throw new RangeError("not an ELF file of 64 bits, little end first");
  }
  const table = Number(bytes.readBigUInt64LE(32));
  const count = bytes.readUInt16LE(56);
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * programHeaderSize;
    return {
      type: bytes.readUInt32LE(at),
      offset: Number(bytes.readBigUInt64LE(at + 8)),
      address: bytes.readBigUInt64LE(at + 16),
      fileSize: Number(bytes.readBigUInt64LE(at + 32)),
    };
  });
}

function neededNames(bytes: Buffer, segments: readonly Segment[], dynamic: Segment): string[] {
  const names: number[] = [];
  let strings: number | undefined;
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.fileSize; at += 16) {
    const tag = bytes.readBigInt64LE(at);
    const value = bytes.readBigUInt64LE(at + 8);
    if (tag === dynamicNull) {
      break;
    }
    if (tag === dynamicNeeded) {
      names.push(Number(value));
    } else if (tag === dynamicStringTable) {
      strings = fileOffset(segments, value);
    }
  }
  if (names.length > 0 && strings === undefined) {
    throw new RangeError("the ELF file names libraries, but has no table of names");
  }
  return names.map((name) => text(bytes, (strings ?? 0) + name));
}

/** The offset in the file of the byte at this address. */
function fileOffset(segments: readonly Segment[], address: bigint): number | undefined {
  const segment = segments.find(
    ({ type, address: start, fileSize }) =>
      type === segmentLoad && address >= start && address < start + BigInt(fileSize),
  );
  return segment === undefined ? undefined : segment.offset + Number(address - segment.address);
}

function text(bytes: Buffer, offset: number): string {
  const end = bytes.indexOf(0, offset);
  return bytes.toString("latin1", offset, end === -1 ? bytes.length : end);
}
