import { create } from "@bufbuild/protobuf";
import type { MemoryDevice } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { MemoryDeviceSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { memoryErrorCorrection, memoryFormFactor, memoryKind, memoryTechnology } from "./smbios-words.ts";
import type { Smbios, SmbiosStructure } from "./smbios.ts";
import type { Tree } from "./tree.ts";
import { int32 } from "./tree.ts";

/** Memory of the machine. */
export interface Memory {
  /** Main memory of the installed modules, and never less than the kernel has. 0 means unknown. */
  memoryInstalledBytes: bigint;
  /** Capacity of modules that keep their content without power. */
  memoryPersistentBytes: bigint;
  /** The part of it that the kernel can use, 0 to 1; 0 means unknown. */
  memoryUsableRatio: number;
  /** One entry per slot. */
  memoryDevice: MemoryDevice[];
  /** Maximum capacity of the slots; 0 means unknown. */
  memoryMaximumBytes: bigint;
  memoryErrorCorrection: string;
}

/** The result if nothing can be read. */
export const noMemory: Memory = {
  memoryInstalledBytes: 0n,
  memoryPersistentBytes: 0n,
  memoryUsableRatio: 0,
  memoryDevice: [],
  memoryMaximumBytes: 0n,
  memoryErrorCorrection: "",
};

const deviceLimit = 512;
const [mebibyte, kibibyte] = [1n << 20n, 1n << 10n];
const int64Limit = 1n << 63n;

/** Installed memory from the firmware's tables (SMBIOS types 16 and 17), and usable memory from /proc/meminfo. */
export async function memory(tree: Tree, tables: Smbios): Promise<Memory> {
  const usable = meminfoTotal((await tree.lines("proc/meminfo")) ?? []);
  if (usable === 0n) {
    tree.warn("/proc/meminfo says no MemTotal");
  }
  const found = smbiosMemory(tables);
  const sum = (of: (device: MemoryDevice) => bigint): bigint =>
    found.memoryDevice.reduce((total, device) => total + of(device), 0n);
  const persistent = sum(({ persistentBytes }) => persistentBytes);
  const modules = sum(({ sizeBytes }) => sizeBytes) - persistent;
  if (found.memoryDevice.length > deviceLimit) {
    tree.warn(`${found.memoryDevice.length - deviceLimit} memory slots beyond the first ${deviceLimit} are left out`);
  }
  const shortage = memoryShortage(modules, usable, found.memoryDevice.filter(({ sizeUnknown }) => sizeUnknown).length);
  if (shortage !== undefined) {
    tree.warn(shortage);
  }
  const installed = modules < usable ? usable : modules;
  return {
    ...found,
    memoryDevice: found.memoryDevice.slice(0, deviceLimit),
    memoryInstalledBytes: installed,
    memoryPersistentBytes: persistent,
    memoryUsableRatio: installed === 0n ? 0 : Math.min(1, Number(usable) / Number(installed)),
  };
}

/** What is wrong with the firmware's amounts of main memory, as a warning; undefined if nothing is. Pure. */
export function memoryShortage(modules: bigint, usable: bigint, unknown: number): string | undefined {
  if (modules === 0n && unknown === 0) {
    return "the firmware's tables do not report the installed memory: the report has what the kernel can use instead";
  }
  if (unknown > 0) {
    const which = unknown === 1 ? "a memory module" : `${unknown} memory modules`;
    return `the firmware does not know the size of ${which}: the installed memory may be more than reported`;
  }
  return modules < usable
    ? "the firmware's tables report less memory than the kernel can use: the report has what the kernel can use instead"
    : undefined;
}

/** MemTotal in bytes; 0 if it is missing. */
export function meminfoTotal(lines: readonly string[]): bigint {
  for (const line of lines) {
    const kibibytes = /^(?:Node \d+ )?MemTotal:\s+(?<amount>\d{1,14}) kB$/u.exec(line)?.groups?.["amount"];
    if (kibibytes !== undefined) {
      return BigInt(kibibytes) * kibibyte;
    }
  }
  return 0n;
}

/** The slots and their maximum capacity. Pure. */
export function smbiosMemory({
  structures,
}: Smbios): Pick<Memory, "memoryDevice" | "memoryMaximumBytes" | "memoryErrorCorrection"> {
  const arrays = structures.filter(({ type }) => type === 16);
  // DSP0134, 7.17.2: 3 = system memory; other arrays hold video memory, flash or cache.
  const others = new Set(arrays.filter((array) => array.byte(0x05) !== 3).map(({ handle }) => handle));
  const ofSystem = arrays.filter((array) => array.byte(0x05) === 3);
  const maximum = ofSystem.reduce((sum, array) => sum + arrayBytes(array), 0n);
  return {
    memoryDevice: structures
      .filter((entry) => entry.type === 17 && !others.has(entry.word(0x04)))
      .map((entry) => memoryDevice(entry)),
    memoryMaximumBytes: maximum < int64Limit ? maximum : 0n,
    memoryErrorCorrection: memoryErrorCorrection(ofSystem[0]?.byte(0x06) ?? 0),
  };
}

/** DSP0134, 7.17: a double word of KiB; if only its top bit is set, a quad word of bytes at 0x0f. */
function arrayBytes(array: SmbiosStructure): bigint {
  const kibibytes = array.double(0x07);
  return kibibytes === 0x8000_0000 ? array.quad(0x0f) : BigInt(kibibytes) * kibibyte;
}

function memoryDevice(entry: SmbiosStructure): MemoryDevice {
  const size = memoryDeviceBytes(entry);
  const sizeUnknown = isSizeUnknown(entry);
  const place = { locator: entry.text(0x10), bankLocator: entry.text(0x11) };
  if (size === 0n && !sizeUnknown) {
    // Other values of an empty slot are leftovers or invented.
    return create(MemoryDeviceSchema, place);
  }
  const persistent = isPersistent(entry);
  return create(MemoryDeviceSchema, {
    ...place,
    sizeBytes: size,
    sizeUnknown,
    persistentBytes: persistent ? size - volatileBytes(entry, size) : 0n,
    technology: persistent ? memoryTechnology(entry.byte(0x28)) || "persistent memory" : "",
    kind: memoryKind(entry.byte(0x12)),
    formFactor: memoryFormFactor(entry.byte(0x0e)),
    speedMts: speed(entry.word(0x15), entry.double(0x54)),
    configuredSpeedMts: speed(entry.word(0x20), entry.double(0x58)),
    manufacturer: entry.text(0x17),
    serialNumber: entry.text(0x18),
    assetTag: entry.text(0x19),
    partNumber: entry.text(0x1a),
    ranks: entry.byte(0x1b) & 0x0f,
    totalWidthBits: known(entry.word(0x08)),
    dataWidthBits: known(entry.word(0x0a)),
  });
}

// DSP0134, 7.18.2 and 7.18.3: "logical non-volatile device"; bit 12 of the details: "non-volatile".
const nonVolatileKind = 0x1f;
const nonVolatileDetail = 1 << 12;
const allOnes = (1n << 64n) - 1n;

/** By the technology (7.18.6) if the firmware reports it; before version 3.2 by the type and its details. */
function isPersistent(entry: SmbiosStructure): boolean {
  const technology = entry.byte(0x28);
  return technology >= 3
    ? memoryTechnology(technology) !== ""
    : entry.byte(0x12) === nonVolatileKind || (entry.word(0x13) & nonVolatileDetail) !== 0;
}

/** The part of a persistent module that is used as main memory (7.18.10); 0 if the firmware does not know it. */
function volatileBytes(entry: SmbiosStructure, size: bigint): bigint {
  const part = entry.quad(0x3c);
  return part === allOnes ? 0n : part < size ? part : size;
}

/** Words of all ones mean "unknown"; for speeds, "see the double word", whose top bit is reserved. */
const known = (word: number): number => (word === 0xffff ? 0 : word);
const speed = (word: number, double: number): number => (word === 0xffff ? int32(double & 0x7fff_ffff) : word);

/**
 * Bytes of one memory device (DSP0134, 7.18): a word at 0x0c, in MiB, or in KiB if its top bit is set; 0 = no module,
 * 0xffff = unknown, 0x7fff = see the double word at 0x1c, in MiB. Returns 0 for no module or an unknown size.
 */
export function memoryDeviceBytes(entry: SmbiosStructure): bigint {
  const size = entry.word(0x0c);
  if (isSizeUnknown(entry)) {
    return 0n;
  }
  if (size === 0x7fff) {
    return BigInt(extendedMebibytes(entry)) * mebibyte;
  }
  return (size & 0x8000) === 0 ? BigInt(size) * mebibyte : BigInt(size & 0x7fff) * kibibyte;
}

/** A module is present, and the firmware does not know its size. */
function isSizeUnknown(entry: SmbiosStructure): boolean {
  const size = entry.word(0x0c);
  return size === 0xffff || (size === 0x7fff && [0, 0x7fff_ffff].includes(extendedMebibytes(entry)));
}

const extendedMebibytes = (entry: SmbiosStructure): number => entry.double(0x1c) & 0x7fff_ffff;
