import type { Tree } from "./tree.ts";

/** Memory of the machine. */
export interface Memory {
  /** Of the modules plugged in; of what the kernel has where these cannot be read. 0 = unknown. */
  installedBytes: bigint;
  /** What the kernel can use of it, 0 to 1; 0 = unknown. */
  usableRatio: number;
}

/** Memory installed, out of the firmware's tables (SMBIOS type 17), and usable, out of /proc/meminfo. */
export async function memory(tree: Tree): Promise<Memory> {
  const usable = meminfoTotal((await tree.lines("proc/meminfo")) ?? []);
  if (usable === 0n) {
    tree.warn("/proc/meminfo says no MemTotal");
  }
  const entries = ((await tree.list("sys/firmware/dmi/entries")) ?? []).filter((name) => name.startsWith("17-"));
  let installed = 0n;
  for (const entry of entries) {
    installed += memoryDeviceBytes((await tree.bytes(`sys/firmware/dmi/entries/${entry}/raw`)) ?? Buffer.alloc(0));
  }
  if (installed === 0n) {
    tree.warn("the firmware's tables do not tell the memory installed: what the kernel can use stands in for it");
    return { installedBytes: usable, usableRatio: usable === 0n ? 0 : 1 };
  }
  return { installedBytes: installed, usableRatio: Math.min(1, Number(usable) / Number(installed)) };
}

/** MemTotal in bytes; 0 when there is none. */
export function meminfoTotal(lines: readonly string[]): bigint {
  for (const line of lines) {
    const kibibytes = /^MemTotal:\s+(?<amount>\d{1,14}) kB$/u.exec(line)?.groups?.["amount"];
    if (kibibytes !== undefined) {
      return BigInt(kibibytes) * 1024n;
    }
  }
  return 0n;
}

/**
 * Bytes of one memory device (DSP0134, 7.18): a word at 0x0c, in MiB, or in KiB where its top bit is set; 0 = no module,
 * 0xffff = unknown, 0x7fff = see the double word at 0x1c, in MiB.
 */
export function memoryDeviceBytes(entry: Buffer): bigint {
  const [mebibyte, kibibyte] = [1n << 20n, 1n << 10n];
  if (entry.length < 0x0e || entry[0] !== 17) {
    return 0n;
  }
  const size = entry.readUInt16LE(0x0c);
  if (size === 0xffff) {
    return 0n;
  }
  if (size === 0x7fff) {
    return entry.length < 0x20 ? 0n : BigInt(entry.readUInt32LE(0x1c) & 0x7fff_ffff) * mebibyte;
  }
  return (size & 0x8000) === 0 ? BigInt(size) * mebibyte : BigInt(size & 0x7fff) * kibibyte;
}
