import { readFile, writeFile } from "node:fs/promises";

/** EFI_GLOBAL_VARIABLE (UEFI 2.10, 3.3), as it is in memory. */
const globalVariable = Buffer.from("61dfe48bca93d211aa0d00e098032b8c", "hex");
/** Start of a variable, and its state VAR_ADDED (EDK II, VariableFormat.h). */
const [startId, added] = [0x55aa, 0x3f];
/** Non-volatile, at boot and at run time. */
const attributes = 7;
const headerBytes = 60;
/** The entry's number: firmware's own are lower. */
const entry = 0x0099;

/**
 * Copies OVMF's file of variables with a boot entry for this URL, which the next boot alone is from, as firmware has it
 * after its controller has set an HTTP boot.
 */
export async function ovmfVariablesWithUrl(from: string, to: string, url: string): Promise<void> {
  const store = await readFile(from);
  const name = `Boot${entry.toString(16).padStart(4, "0").toUpperCase()}`;
  let at = variablesEnd(store);
  for (const [variable, data] of [
    [name, loadOption(url)],
    ["BootNext", u16(entry)],
  ] as const) {
    const bytes = variableBytes(variable, data);
    bytes.copy(store, at);
    at = aligned(at + bytes.length);
  }
  await writeFile(to, store);
}

/** A boot option (UEFI 2.10, 3.1.3) whose device path is a URI (10.3.4.23): any network interface may fetch it. */
function loadOption(url: string): Buffer {
  const uri = Buffer.from(url);
  const path = Buffer.concat([Buffer.from([3, 24]), u16(4 + uri.length), uri, Buffer.from([0x7f, 0xff, 4, 0])]);
  return Buffer.concat([u32(1), u16(path.length), wide("by its controller"), path]);
}

function variableBytes(name: string, data: Buffer): Buffer {
  const title = wide(name);
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16LE(startId, 0);
  header.writeUInt8(added, 2);
  header.writeUInt32LE(attributes, 4);
  header.writeUInt32LE(title.length, 36);
  header.writeUInt32LE(data.length, 40);
  globalVariable.copy(header, 44);
  return Buffer.concat([header, title, data]);
}

/** Where the next variable goes: behind the volume's header, the store's and the variables that are there. */
function variablesEnd(store: Buffer): number {
  let at = store.readUInt16LE(0x30) + 28;
  while (store.readUInt16LE(at) === startId) {
    at = aligned(at + headerBytes + store.readUInt32LE(at + 36) + store.readUInt32LE(at + 40));
  }
  return at;
}

const aligned = (at: number): number => Math.ceil(at / 4) * 4;
const wide = (text: string): Buffer => Buffer.from(`${text}\0`, "utf16le");
function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
