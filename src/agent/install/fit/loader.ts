// Finds the program on an EFI system partition that the firmware is to start.
import { AgentError, cleanText } from "../../errors.ts";
import { fallbackLoader } from "./boot-entries.ts";
import { fatOpen } from "./fat-read.ts";
import type { Fat, FatEntry, FatSource } from "./fat-read.ts";
import { peHeaderBytes, peIsSigned } from "./pe-signed.ts";

/** A program on an EFI system partition that starts the image's system. */
export interface Loader {
  /** The number of the EFI system partition. */
  partition: number;
  /** The path in efibootmgr's form: `\EFI\BOOT\BOOTX64.EFI`. */
  path: string;
  /** Whether it carries a signature, as Secure Boot needs; undefined if that can't be read. */
  isSigned: boolean | undefined;
  /** Whether it is at the fallback path, which firmware starts without a boot entry. */
  isFallback: boolean;
}

/** The result of looking for a loader. */
export type LoaderLook =
  | { kind: "found"; loader: Loader }
  /** It can't be determined whether there is a loader; `why` is a message for people. */
  | { kind: "unknown"; why: string };

/** An EFI system partition, and the function that reads it. */
export interface SystemPartition {
  number: number;
  read: FatSource;
}

/** File names of known loaders by architecture. The loader for Secure Boot comes before the loader that it starts. */
const knownLoaders: Partial<Record<NodeJS.Architecture, readonly string[]>> = {
  x64: ["shimx64.efi", "grubx64.efi", "systemd-bootx64.efi", "bootmgfw.efi", "loader.efi", "refind_x64.efi"],
  arm64: ["shimaa64.efi", "grubaa64.efi", "systemd-bootaa64.efi", "bootmgfw.efi", "loader.efi", "refind_aa64.efi"],
};
// Programs that start no operating system: fallback loaders (UEFI 2.10, 3.5.1.1) of other architectures, and shim's
// helpers.
const noLoader = /^(?:BOOT(?:IA32|IA64|X64|ARM|AA64|RISCV\d+|LOONGARCH\d+)|fb\w+|mm\w+)\.efi$/iu;
// Maximum depth of folders: \EFI\Microsoft\Boot is the deepest one in use.
const deepest = 3;
const foldersMost = 200;
const toldMost = 5;

/**
 * Finds the program that starts the image's system: the program at the fallback path, or else a loader with a known
 * name, or else the only program. The latter two need a boot entry.
 * @throws {AgentError} `image_invalid` if there is none: the firmware could not start the disk
 */
export async function loaderFind(
  systemPartitions: readonly SystemPartition[],
  architecture: NodeJS.Architecture,
): Promise<LoaderLook> {
  const fallback = fallbackLoader(architecture);
  if (fallback === undefined) {
    return { kind: "unknown", why: `it is not known which loader a machine of ${architecture} takes` };
  }
  const programs: (Pick<Loader, "partition" | "path"> & { fat: Fat; entry: FatEntry })[] = [];
  let unreadable = 0;
  for (const { number, read } of systemPartitions) {
    const fat = await fatOpen(read);
    unreadable += fat === undefined ? 1 : 0;
    if (fat !== undefined) {
      programs.push(...(await efiPrograms(fat)).map((program) => ({ partition: number, fat, ...program })));
    }
  }
  const chosen = choose(programs, fallback, knownLoaders[architecture] ?? []);
  if (chosen !== undefined) {
    const { partition, path, fat, entry } = chosen;
    const isSigned = peIsSigned(await fat.head(entry, peHeaderBytes));
    return { kind: "found", loader: { partition, path, isSigned, isFallback: isSame(path, fallback) } };
  }
  if (unreadable > 0) {
    return { kind: "unknown", why: "the image's EFI system partition holds no FAT file system, which firmware needs" };
  }
  const there = programs.map(({ path }) => cleanText(path, 100));
  const only =
    there.length > 0
      ? `it has ${there.slice(0, toldMost).join(", ")}${there.length > toldMost ? " and others" : ""}`
      : "it has no EFI program at all";
  throw new AgentError(
    "image_invalid",
    `the image's EFI system partition has no ${fallback}, nor another loader for ${architecture} that is known: ${only}; this ` +
      "machine boots by UEFI and could not start it: use an image made for it, or put a loader there (in the image: " +
      "grub-install --removable, or bootctl install)",
  );
}

/** Chooses among the programs. Pure. */
function choose<Program extends { path: string }>(
  programs: readonly Program[],
  fallback: string,
  known: readonly string[],
): Program | undefined {
  const atFallback = programs.find(({ path }) => isSame(path, fallback));
  if (atFallback !== undefined) {
    return atFallback;
  }
  for (const name of known) {
    const found = programs.find(({ path }) => isSame(baseName(path), name));
    if (found !== undefined) {
      return found;
    }
  }
  const [only, ...others] = programs.filter(({ path }) => !noLoader.test(baseName(path)));
  return others.length === 0 ? only : undefined;
}

/** All programs below the folder EFI, with their paths as they are spelled on the partition. */
async function efiPrograms(fat: Fat): Promise<{ path: string; entry: FatEntry }[]> {
  const programs: { path: string; entry: FatEntry }[] = [];
  let folders: { path: string; entry: FatEntry | undefined; depth: number }[] = [
    { path: "", entry: undefined, depth: 0 },
  ];
  for (let looked = 0; looked < foldersMost; looked += 1) {
    const [next, ...rest] = folders;
    if (next === undefined) {
      break;
    }
    folders = rest;
    for (const entry of await fat.list(next.entry)) {
      const path = `${next.path}\\${entry.name}`;
      if (entry.isFolder && next.depth < deepest && (next.depth > 0 || isSame(entry.name, "EFI"))) {
        folders.push({ path, entry, depth: next.depth + 1 });
      } else if (!entry.isFolder && next.depth > 0 && entry.bytes > 0 && /\.efi$/iu.test(entry.name)) {
        programs.push({ path, entry });
      }
    }
  }
  return programs;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("\\") + 1);
}

/** Compares paths without case, as FAT does. */
function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
