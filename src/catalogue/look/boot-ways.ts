import { AgentError } from "../../agent/errors.ts";
import { systemPartitionsOf, type ImageTable } from "../../agent/install/fit/image-table.ts";
import { loaderFind } from "../../agent/install/fit/loader.ts";
import { hasBootMagic } from "../../agent/install/fit/mbr.ts";
import { fileSystemOf } from "./file-system.ts";
import type { ImageRead, LearnedFacts } from "./image-facts.ts";

/** By which firmware an image boots, and on which processors. */
export interface BootWays extends Pick<LearnedFacts, "bootsBy" | "architectures" | "unsignedFor" | "notes"> {
  /** Why no firmware starts it; "" if one may. */
  problem: string;
}

/** Boot code ends where the disk's signature begins (UEFI 2.10, 5.2.1). */
const bootCodeBytes = 440;

const processors = [
  { node: "x64", name: "x86_64" },
  { node: "arm64", name: "aarch64" },
] as const;

/** Finds out how firmware would start the image: by the same rules as the agent that installs it. */
export async function bootWays(read: ImageRead, beginning: Buffer, table: ImageTable): Promise<BootWays> {
  const ways: BootWays = { bootsBy: [], architectures: [], unsignedFor: [], notes: [], problem: "" };
  const partitions = systemPartitionsOf(table);
  const sources = partitions.map(({ number, start, bytes }) => ({
    number,
    read: (length: number, position: number) => read(Math.max(0, Math.min(length, bytes - position)), start + position),
  }));
  let unknown = false;
  for (const { node, name } of partitions.length === 0 ? [] : processors) {
    try {
      const look = await loaderFind(sources, node);
      if (look.kind === "found") {
        ways.bootsBy = ["uefi"];
        ways.architectures.push(name);
        if (!look.loader.isFallback) {
          ways.notes.push(
            `for ${name} it has no loader at the fallback path: only a boot entry for ${look.loader.path} starts it`,
          );
        }
        if (look.loader.isSigned === false) {
          ways.unsignedFor.push(name);
          ways.notes.push(`its loader for ${name} has no signature: machines with Secure Boot on refuse to start it`);
        }
      } else {
        unknown = true;
        ways.notes.push(look.why);
      }
    } catch (error) {
      // There is no loader for this processor.
      if (!(error instanceof AgentError)) {
        throw error;
      }
    }
  }
  ways.notes = [...new Set(ways.notes)];
  if (hasBootCode(beginning)) {
    ways.bootsBy.push("bios");
    if (!ways.architectures.includes("x86_64")) {
      ways.architectures.unshift("x86_64");
    }
  }
  if (ways.bootsBy.length === 0 && !unknown) {
    ways.problem = `no firmware can start it: ${
      partitions.length === 0
        ? "it has no EFI system partition"
        : "its EFI system partition has no loader for x86-64 or ARM64"
    }, and no boot code for BIOS in its first sector`;
  }
  return ways;
}

/** Whether the first sector has a program in it, and the signature by which a BIOS starts it. */
function hasBootCode(beginning: Buffer): boolean {
  // A bare file system has code there that only says that it is none to boot from.
  return (
    hasBootMagic(beginning) &&
    !/^(?:vfat|exfat|ntfs)$/u.test(fileSystemOf(beginning)) &&
    beginning.subarray(0, bootCodeBytes).some((byte) => byte !== 0)
  );
}
