/** Bytes of a program's beginning in which its headers are. */
export const peHeaderBytes = 4096;

// PE Format (Microsoft), "Optional Header Data Directories": the fifth is the certificate table.
const certificateTable = 4;

/**
 * Whether an EFI program carries a signature, by the beginning of its file; undefined if it is no program of that format.
 * Whose signature it is, and whether it is right, only the firmware checks. Pure.
 */
export function peIsSigned(head: Buffer): boolean | undefined {
  if (head.length < 0x40 || head.toString("latin1", 0, 2) !== "MZ") {
    return undefined;
  }
  const header = head.readUInt32LE(0x3c);
  const optional = header + 24;
  if (optional + 2 > head.length || head.toString("latin1", header, header + 4) !== "PE\0\0") {
    return undefined;
  }
  const magic = head.readUInt16LE(optional);
  const directories = magic === 0x20b ? optional + 112 : magic === 0x10b ? optional + 96 : undefined;
  if (directories === undefined) {
    return undefined;
  }
  const entry = directories + certificateTable * 8;
  if (entry + 8 > head.length) {
    return undefined;
  }
  const count = head.readUInt32LE(directories - 4);
  return count > certificateTable && head.readUInt32LE(entry) > 0 && head.readUInt32LE(entry + 4) > 0;
}
