// Adds sections to portable executables (Microsoft's PE format specification, 2023-06; 64 bits).

const peOffsetAt = 0x3c;
const signature = 0x0000_4550;
const magic64 = 0x20b;
const sectionHeaderSize = 40;
// IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ
const readableData = 0x4000_0040;
// Firmware maps whole pages: sections that share a page with code may not be readable.
const addressAlignment = 4096;
const nameLimit = 8;

/** A section to add. */
export interface AddedSection {
  name: string;
  data: Buffer;
}

/**
 * The executable with sections added after its own, like `objcopy --add-section`. Added sections are found by name: a
 * unified kernel image is systemd's stub with the sections .osrel, .cmdline, .initrd and .linux (UAPI.5).
 * @throws {RangeError} if it is not such an executable, or has no room for more headers
 */
export function peWithSections(executable: Buffer, added: readonly AddedSection[]): Buffer {
  const pe = executable.length > peOffsetAt + 4 ? executable.readUInt32LE(peOffsetAt) : executable.length;
  if (pe + 88 > executable.length || executable.readUInt32LE(pe) !== signature) {
    throw new RangeError("not a portable executable");
  }
  const optional = pe + 24;
  if (executable.readUInt16LE(optional) !== magic64) {
    throw new RangeError("not a portable executable of 64 bits");
  }
  const count = executable.readUInt16LE(pe + 6);
  const table = optional + executable.readUInt16LE(pe + 20);
  const fileAlignment = executable.readUInt32LE(optional + 36);
  const headersSize = executable.readUInt32LE(optional + 60);
  const tableEnd = table + (count + added.length) * sectionHeaderSize;
  if (tableEnd > headersSize) {
    throw new RangeError(`the executable has room for ${headersSize} bytes of headers, ${tableEnd} are needed`);
  }
  const head = Buffer.from(executable);
  let address = executable.readUInt32LE(optional + 56);
  let offset = aligned(executable.length, fileAlignment);
  const parts: Buffer[] = [head, Buffer.alloc(offset - executable.length)];
  added.forEach(({ name, data }, index) => {
    address = aligned(address, addressAlignment);
    const size = aligned(data.length, fileAlignment);
    const at = table + (count + index) * sectionHeaderSize;
    head.fill(0, at, at + sectionHeaderSize);
    head.write(name.slice(0, nameLimit), at, "latin1");
    head.writeUInt32LE(data.length, at + 8);
    head.writeUInt32LE(address, at + 12);
    head.writeUInt32LE(size, at + 16);
    head.writeUInt32LE(offset, at + 20);
    head.writeUInt32LE(readableData, at + 36);
    parts.push(data, Buffer.alloc(size - data.length));
    address += data.length;
    offset += size;
  });
  head.writeUInt16LE(count + added.length, pe + 6);
  head.writeUInt32LE(aligned(address, addressAlignment), optional + 56);
  return Buffer.concat(parts);
}

function aligned(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}
