// The firmware's tables (SMBIOS, DMTF DSP0134): parsed here, interpreted by the probes.
import { cleanText } from "../errors.ts";
import { meaningful } from "../../contract/smbios-text.ts";
import type { Tree } from "./tree.ts";
import { textLimit } from "./tree.ts";

/**
 * One structure of the tables. Offsets are DSP0134's, from the structure's start; fields beyond its end read as 0 or
 * "".
 */
export interface SmbiosStructure {
  /** 0 = firmware, 1 = system, 17 = memory device … */
  type: number;
  handle: number;
  /** Length in bytes of the formatted part, with its header. */
  length: number;
  byte(offset: number): number;
  word(offset: number): number;
  double(offset: number): number;
  quad(offset: number): bigint;
  /** The string whose number is at the offset, cleaned; "" for none, and for firmware's placeholders. */
  text(offset: number): string;
  bytes(offset: number, length: number): Buffer;
}

/** The parsed tables. */
export interface Smbios {
  /** Such as 0x0304 for 3.4; 0 means unknown. */
  version: number;
  structures: SmbiosStructure[];
  /** What is wrong with the tables, in words. */
  problem?: string;
}

// Machines with the most memory slots have some hundred structures.
const structureLimit = 4096;
const stringLimit = 255;
const tableLimit = 1 << 20;
const headBytes = 4;
const endOfTable = 127;

/** The firmware's tables; without structures if they are missing or readable by root only. */
export async function smbios(tree: Tree): Promise<Smbios> {
  const entryPoint = await tree.bytes("sys/firmware/dmi/tables/smbios_entry_point");
  const table = await tree.bytes("sys/firmware/dmi/tables/DMI");
  if (table === undefined) {
    tree.warn(
      "the firmware's tables are not there (/sys/firmware/dmi/tables): memory devices and the board are unknown",
    );
    return { version: 0, structures: [] };
  }
  const parsed = smbiosParse(entryPoint ?? Buffer.alloc(0), table);
  if (parsed.problem !== undefined) {
    tree.warn(parsed.problem);
  }
  return parsed;
}

/** Parses the tables as far as they are valid. Pure; never throws. */
export function smbiosParse(entryPoint: Buffer, table: Buffer): Smbios {
  const version = smbiosVersion(entryPoint);
  const structures: SmbiosStructure[] = [];
  const end = Math.min(table.length, tableLimit);
  let at = 0;
  while (at + headBytes <= end) {
    const [type = 0, length = 0] = table.subarray(at, at + 2);
    if (length < headBytes || at + length > end || structures.length === structureLimit) {
      const problem = `the firmware's tables are damaged or too long: nothing after byte ${at} was read`;
      return { version, structures, problem };
    }
    const { strings, next } = stringsAfter(table, at + length, end);
    structures.push(structure(table.subarray(at, at + length), strings));
    if (type === endOfTable) {
      break;
    }
    at = next;
  }
  return { version, structures };
}

// Wrong versions of some firmware, and the ones that they mean (the kernel's drivers/firmware/dmi_scan.c, dmi_present).
const versionsMeant: Readonly<Record<number, number>> = { 0x02_1f: 0x02_03, 0x02_21: 0x02_03, 0x02_33: 0x02_06 };

/**
 * DSP0134, 5.2: "_SM_" has major and minor version at 6 and 7, "_SM3_" at 7 and 8; before version 2.1 there was only
 * "_DMI_", with both in the two halves of byte 14.
 */
function smbiosVersion(entryPoint: Buffer): number {
  const anchor = entryPoint.toString("latin1", 0, 5);
  if (anchor === "_DMI_") {
    const both = entryPoint[14] ?? 0;
    return ((both >> 4) << 8) | (both & 0x0f);
  }
  const at = anchor === "_SM3_" ? 7 : anchor.startsWith("_SM_") ? 6 : undefined;
  const version = at === undefined || entryPoint.length < at + 2 ? 0 : entryPoint.readUInt16BE(at);
  return versionsMeant[version] ?? version;
}

/**
 * DSP0134, 6.1.3: each string ends with a NUL byte, and the list with another. Like the kernel
 * (drivers/firmware/dmi_scan.c, dmi_decode_table), the first double NUL ends it even if the first string is empty.
 */
function stringsAfter(table: Buffer, from: number, end: number): { strings: string[]; next: number } {
  const found = table.indexOf("\0\0", from, "latin1");
  const stop = found === -1 || found > end ? end : found;
  const strings: string[] = [];
  for (let at = from; at < stop && strings.length < stringLimit;) {
    const nul = table.indexOf(0, at);
    const last = nul === -1 || nul > stop ? stop : nul;
    strings.push(table.toString("latin1", at, Math.min(last, at + textLimit)));
    at = last + 1;
  }
  return { strings, next: stop + 2 };
}

function structure(data: Buffer, strings: readonly string[]): SmbiosStructure {
  const has = (offset: number, length: number): boolean => offset + length <= data.length;
  return {
    type: data.readUInt8(0),
    handle: data.readUInt16LE(2),
    length: data.length,
    byte: (offset) => data[offset] ?? 0,
    word: (offset) => (has(offset, 2) ? data.readUInt16LE(offset) : 0),
    double: (offset) => (has(offset, 4) ? data.readUInt32LE(offset) : 0),
    quad: (offset) => (has(offset, 8) ? data.readBigUInt64LE(offset) : 0n),
    text: (offset) => meaningful(cleanText(strings[(data[offset] ?? 0) - 1] ?? "", textLimit)),
    bytes: (offset, length) => data.subarray(offset, offset + length),
  };
}
