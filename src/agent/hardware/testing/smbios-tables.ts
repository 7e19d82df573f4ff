import type { FileTree } from "../../../../test/support/file-tree.ts";

/** A structure of made-up firmware tables; offsets from its start, numbers little-endian. */
export interface MadeStructure {
  type: number;
  /** Of its formatted part. */
  length: number;
  handle?: number;
  bytes?: Readonly<Record<number, readonly number[]>>;
  words?: Readonly<Record<number, number>>;
  doubles?: Readonly<Record<number, number>>;
  quads?: Readonly<Record<number, bigint>>;
  text?: Readonly<Record<number, string>>;
}

function structureBytes(made: MadeStructure): Buffer {
  const data = Buffer.alloc(made.length);
  data[0] = made.type;
  data[1] = made.length;
  data.writeUInt16LE(made.handle ?? 0, 2);
  for (const [offset, values] of Object.entries(made.bytes ?? {})) {
    data.set(values, Number(offset));
  }
  for (const [offset, value] of Object.entries(made.words ?? {})) {
    data.writeUInt16LE(value, Number(offset));
  }
  for (const [offset, value] of Object.entries(made.doubles ?? {})) {
    data.writeUInt32LE(value, Number(offset));
  }
  for (const [offset, value] of Object.entries(made.quads ?? {})) {
    data.writeBigUInt64LE(value, Number(offset));
  }
  const strings = Object.entries(made.text ?? {});
  strings.forEach(([offset], index) => data.writeUInt8(index + 1, Number(offset)));
  const list = strings.length === 0 ? "\0\0" : `${strings.map(([, text]) => `${text}\0`).join("")}\0`;
  return Buffer.concat([data, Buffer.from(list, "latin1")]);
}

/** The tables of these structures, with their end. */
export function smbiosTable(structures: readonly MadeStructure[]): Buffer {
  return Buffer.concat([...structures, { type: 127, length: 4 }].map((made) => structureBytes(made)));
}

/** An entry point: "_SM3_", or "_SM_" for versions below 3. */
export function smbiosEntryPoint(major: number, minor: number): Buffer {
  const entryPoint = Buffer.alloc(major >= 3 ? 24 : 31);
  entryPoint.write(major >= 3 ? "_SM3_" : "_SM_", "latin1");
  entryPoint.set([major, minor], major >= 3 ? 7 : 6);
  return entryPoint;
}

/** The files in which the kernel shows them. */
export function smbiosFiles(
  structures: readonly MadeStructure[],
  version: readonly [number, number] = [3, 4],
): FileTree {
  return {
    "sys/firmware/dmi/tables/smbios_entry_point": smbiosEntryPoint(...version),
    "sys/firmware/dmi/tables/DMI": smbiosTable(structures),
  };
}

/** A memory device (type 17): its size as in the word at 0x0c, and as in the double word at 0x1c. */
export function madeMemoryDevice(size: number, extended = 0, more: Partial<MadeStructure> = {}): MadeStructure {
  return {
    type: 17,
    length: 0x5c,
    ...more,
    words: { 0x0c: size, ...more.words },
    doubles: { 0x1c: extended, ...more.doubles },
  };
}
