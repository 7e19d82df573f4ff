import { create } from "@bufbuild/protobuf";
import type { MemoryDevice } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { MemoryDeviceSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { memoryErrorCorrection, memoryFormFactor, memoryKind } from "./smbios-words.ts";
import type { Smbios, SmbiosStructure } from "./smbios.ts";
import type { Tree } from "./tree.ts";
import { int32 } from "./tree.ts";

/** Memory of the machine. */
export interface Memory {
  /** Of the modules plugged in; of what the kernel has where these cannot be read. 0 = unknown. */
  memoryInstalledBytes: bigint;
  /** What the kernel can use of it, 0 to 1; 0 = unknown. */
  memoryUsableRatio: number;
  /** One a slot. */
  memoryDevice: MemoryDevice[];
  /** The most that the slots take; 0 = unknown. */
  memoryMaximumBytes: bigint;
  memoryErrorCorrection: string;
}

/** What is known of it when nothing can be read. */
export const noMemory: Memory = {
  memoryInstalledBytes: 0n,
  memoryUsableRatio: 0,
  memoryDevice: [],
  memoryMaximumBytes: 0n,
  memoryErrorCorrection: "",
};

const deviceLimit = 512;
const [mebibyte, kibibyte] = [1n << 20n, 1n << 10n];
const int64Limit = 1n << 63n;

/** Memory installed, out of the firmware's tables (SMBIOS types 16 and 17), and usable, out of /proc/meminfo. */
export async function memory(tree: Tree, tables: Smbios): Promise<Memory> {
  const usable = meminfoTotal((await tree.lines("proc/meminfo")) ?? []);
  if (usable === 0n) {
    tree.warn("/proc/meminfo says no MemTotal");
  }
  const found = smbiosMemory(tables);
  const installed = found.memoryDevice.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0n);
  if (found.memoryDevice.length > deviceLimit) {
    tree.warn(`${found.memoryDevice.length - deviceLimit} memory slots beyond the first ${deviceLimit} are left out`);
  }
  const listed = { ...found, memoryDevice: found.memoryDevice.slice(0, deviceLimit) };
  if (installed === 0n) {
    tree.warn("the firmware's tables do not tell the memory installed: what the kernel can use stands in for it");
    return { ...listed, memoryInstalledBytes: usable, memoryUsableRatio: usable === 0n ? 0 : 1 };
  }
  return {
    ...listed,
    memoryInstalledBytes: installed,
    memoryUsableRatio: Math.min(1, Number(usable) / Number(installed)),
  };
}

/** MemTotal in bytes; 0 when there is none. */
export function meminfoTotal(lines: readonly string[]): bigint {
  for (const line of lines) {
    const kibibytes = /^(?:Node \d+ )?MemTotal:\s+(?<amount>\d{1,14}) kB$/u.exec(line)?.groups?.["amount"];
    if (kibibytes !== undefined) {
      return BigInt(kibibytes) * kibibyte;
    }
  }
  return 0n;
}

/** The slots, and what they take. Pure. */
export function smbiosMemory({
  structures,
}: Smbios): Pick<Memory, "memoryDevice" | "memoryMaximumBytes" | "memoryErrorCorrection"> {
  const arrays = structures.filter(({ type }) => type === 16);
  // DSP0134, 7.17.2: 3 = system memory; the others hold video memory, flash or cache.
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

/** DSP0134, 7.17: a double word of KiB; where its top bit alone is set, a quad word of bytes at 0x0f. */
function arrayBytes(array: SmbiosStructure): bigint {
  const kibibytes = array.double(0x07);
  return kibibytes === 0x8000_0000 ? array.quad(0x0f) : BigInt(kibibytes) * kibibyte;
}

function memoryDevice(entry: SmbiosStructure): MemoryDevice {
  const size = memoryDeviceBytes(entry);
  const place = { locator: entry.text(0x10), bankLocator: entry.text(0x11), sizeBytes: size };
  if (size === 0n) {
    // What an empty slot says beside is left over, or made up.
    return create(MemoryDeviceSchema, place);
  }
  return create(MemoryDeviceSchema, {
    ...place,
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

/** Words that are all ones mean "unknown"; of speeds, "see the double word", of which the top bit is reserved. */
const known = (word: number): number => (word === 0xffff ? 0 : word);
const speed = (word: number, double: number): number => (word === 0xffff ? int32(double & 0x7fff_ffff) : word);

/**
 * Bytes of one memory device (DSP0134, 7.18): a word at 0x0c, in MiB, or in KiB where its top bit is set; 0 = no module,
 * 0xffff = unknown, 0x7fff = see the double word at 0x1c, in MiB.
 */
export function memoryDeviceBytes(entry: SmbiosStructure): bigint {
  const size = entry.word(0x0c);
  if (size === 0xffff) {
    return 0n;
  }
  if (size === 0x7fff) {
    return BigInt(entry.double(0x1c) & 0x7fff_ffff) * mebibyte;
  }
  return (size & 0x8000) === 0 ? BigInt(size) * mebibyte : BigInt(size & 0x7fff) * kibibyte;
}
