import { AgentError, cleanText } from "../../agent/errors.ts";
import { gptPartitions } from "../../agent/install/fit/gpt.ts";
import { imageTable, requireWhole, type ImageTable } from "../../agent/install/fit/image-table.ts";
import { mbrSectorBytes } from "../../agent/install/fit/mbr.ts";
import { CatalogueError } from "../errors.ts";
import { bootWays } from "./boot-ways.ts";
import { cloudInitLook } from "./cloud-init-look.ts";
import { fileSystemHeadBytes, fileSystemOf } from "./file-system.ts";
import type { ImageRead, LearnedFacts, LearnedPartition } from "./image-facts.ts";
import { gptPartitionType, mbrPartitionType } from "./partition-types.ts";

/** Bytes of an image's beginning that hold every table: 4096 entries of 4 KiB are more than any has. */
const beginningBytes = 1 << 20;
const partitionsMost = 128;
const blockSizes = [512, 4096];
const extPattern = /^ext[234]$/u;
const linuxRoots = new Set(["ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "erofs", "squashfs"]);

/** What {@link imageInspect} adds to what is known from the bytes that were fetched. */
export type Inspected = Omit<LearnedFacts, "format" | "compression" | "packedBytes" | "unpackedBytes">;

/** A partition, and what its type says. */
interface Found extends LearnedPartition {
  rootOf?: "x86_64" | "aarch64";
}

/**
 * Looks into an unpacked image. Nothing is mounted; all is read through `read`, and by debugfs from the file.
 * @param path the unpacked image
 * @throws {CatalogueError} `unusable` if it is damaged
 */
export async function imageInspect(path: string, bytes: number, read: ImageRead): Promise<Inspected> {
  const beginning = await read(Math.min(beginningBytes, bytes), 0);
  const notes: string[] = [];
  const { table, blockBytes } = tableOf(beginning, bytes);
  if (blockBytes !== mbrSectorBytes) {
    notes.push(`its partition table is for disks with blocks of ${blockBytes} bytes, and for no others`);
  }
  const partitions = await partitionsOf(table, bytes, read);
  const ways = await bootWays(read, beginning, table);
  const root = rootOf(partitions);
  const look =
    root !== undefined && extPattern.test(root.fileSystem)
      ? await cloudInitLook(path, root.startBytes)
      : { cloudInit: "not-looked-into" as const };
  if (look.note !== undefined) {
    notes.push(look.note);
  }
  const architectures = [...ways.architectures];
  for (const { rootOf: architecture } of partitions) {
    if (architecture !== undefined && architectures.length === 0) {
      architectures.push(architecture);
    }
  }
  return {
    partitionTable: table.kind,
    partitions: partitions.map(({ rootOf: _root, ...partition }) => partition),
    bootsBy: ways.bootsBy,
    architectures,
    unsignedFor: ways.unsignedFor,
    rootFileSystem: root?.fileSystem ?? "",
    cloudInit: look.cloudInit,
    problems: ways.problem === "" ? [] : [ways.problem],
    notes: [...notes, ...ways.notes].map((note) => cleanText(note, 500)),
  };
}

/** The table, by the block size that it is made for. @throws {CatalogueError} `unusable` */
function tableOf(beginning: Buffer, bytes: number): { table: ImageTable; blockBytes: number } {
  let first: unknown;
  for (const blockBytes of blockSizes) {
    try {
      const table = imageTable(beginning, blockBytes);
      requireWhole(table, bytes);
      return { table, blockBytes };
    } catch (error) {
      if (!(error instanceof AgentError)) {
        throw error;
      }
      // A table for 4 KiB blocks says so itself when it is read for others.
      if (!error.message.includes("with blocks of")) {
        throw new CatalogueError("unusable", error.message, { cause: error });
      }
      first ??= error;
    }
  }
  throw new CatalogueError("unusable", "its partition table can't be read", { cause: first });
}

async function partitionsOf(table: ImageTable, bytes: number, read: ImageRead): Promise<Found[]> {
  const found = placesOf(table, bytes).slice(0, partitionsMost);
  const partitions: Found[] = [];
  for (const partition of found) {
    const head = await read(Math.min(fileSystemHeadBytes, partition.sizeBytes), partition.startBytes);
    partitions.push({ ...partition, fileSystem: fileSystemOf(head) });
  }
  return partitions;
}

function placesOf(table: ImageTable, bytes: number): Found[] {
  switch (table.kind) {
    case "gpt": {
      const { blockBytes } = table.gpt;
      return gptPartitions(table.gpt).map(({ number, first, last, type }) => {
        const { name, ...rest } = gptPartitionType(type);
        const sizeBytes = (last + 1 - first) * blockBytes;
        return { number, startBytes: first * blockBytes, sizeBytes, type: name, fileSystem: "", ...rest };
      });
    }
    case "mbr":
    case "iso":
      return table.partitions.map(({ number, first, blocks, type }) => ({
        number,
        startBytes: first * mbrSectorBytes,
        sizeBytes: blocks * mbrSectorBytes,
        type: mbrPartitionType(type).name,
        fileSystem: "",
      }));
    case "none":
      return [{ number: 0, startBytes: 0, sizeBytes: bytes, type: "whole image", fileSystem: "" }];
  }
}

/** The partition with the root file system: by its type, or else the largest that may be one. */
function rootOf(partitions: readonly Found[]): Found | undefined {
  const byType = partitions.find(({ rootOf: architecture }) => architecture !== undefined);
  const [largest] = partitions
    .filter(({ fileSystem }) => linuxRoots.has(fileSystem))
    .toSorted((one, other) => other.sizeBytes - one.sizeBytes);
  return byType ?? largest;
}
