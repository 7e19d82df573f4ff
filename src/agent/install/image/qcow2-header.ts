// Parses the header of a qcow2 image (QEMU, docs/interop/qcow2.rst). All numbers are big-endian.
import { AgentError } from "../../errors.ts";

/** What is needed to read an image. */
export interface Qcow2 {
  /** The size of the disk in the image. */
  virtualBytes: number;
  clusterBits: number;
  l1Offset: number;
  l1Entries: number;
  /** How compressed clusters are packed. */
  compression: "deflate" | "zstd";
}

/** "QFI\xfb" */
export const qcow2Magic = Buffer.from("514649fb", "hex");

const bit = { corrupt: 1n << 1n, externalData: 1n << 2n, compressionType: 1n << 3n, extendedL2: 1n << 4n } as const;
// Bit 0, "dirty", says that reference counts may be wrong: reading needs none.
const readable = 1n | bit.compressionType;
// QEMU's limit: a table of 32 MiB.
const l1EntriesMost = 4 << 20;

/**
 * Parses the header, and refuses images that need another file (a backing file, a data file) or can't be read. `file`:
 * its name in commands.
 * @throws {AgentError} `image_invalid`, `unsupported`
 */
export function qcow2Header(head: Buffer, file = "IMAGE"): Qcow2 {
  if (head.length < 72 || !head.subarray(0, 4).equals(qcow2Magic)) {
    throw broken("its header is cut short");
  }
  const version = head.readUInt32BE(4);
  if (version !== 2 && version !== 3) {
    const command = `qemu-img convert -f ${version === 1 ? "qcow" : "qcow2"} -O qcow2 ${file} converted.qcow2`;
    throw new AgentError(
      "unsupported",
      `the image is qcow2 of version ${version}, expected 2 or 3: run \`${command}\``,
    );
  }
  if (head.readBigUInt64BE(8) !== 0n) {
    throw unreadable("needs another file, its backing file");
  }
  if (head.readUInt32BE(32) !== 0) {
    throw unreadable("is encrypted");
  }
  const features = version === 3 && head.length >= 104 ? head.readBigUInt64BE(72) : 0n;
  const headBytes = version === 3 && head.length >= 104 ? head.readUInt32BE(100) : 72;
  if (version === 3 && head.length < 104) {
    throw broken("its header is cut short");
  }
  if ((features & bit.externalData) !== 0n) {
    throw unreadable("needs another file, its data file");
  }
  if ((features & bit.corrupt) !== 0n) {
    throw broken("it is marked as corrupt");
  }
  if ((features & bit.extendedL2) !== 0n) {
    throw unreadable("has subclusters (extended L2 entries)");
  }
  if ((features & ~readable) !== 0n) {
    throw unreadable(`has features that this agent does not know (${(features & ~readable).toString(16)})`);
  }
  return geometry(head, (features & bit.compressionType) !== 0n && headBytes > 104 ? head.readUInt8(104) : 0);
}

function geometry(head: Buffer, compressionType: number): Qcow2 {
  const clusterBits = head.readUInt32BE(20);
  const virtual = head.readBigUInt64BE(24);
  const l1Entries = head.readUInt32BE(36);
  const l1 = head.readBigUInt64BE(40);
  if (clusterBits < 9 || clusterBits > 21) {
    throw broken(`it says that its clusters have 2^${clusterBits} bytes`);
  }
  if (compressionType > 1) {
    throw unreadable(`is packed in a way that this agent does not know (${compressionType})`);
  }
  if (virtual === 0n || virtual > 1n << 53n) {
    throw broken(`it says that its disk has ${virtual} bytes`);
  }
  const virtualBytes = Number(virtual);
  // A table of the second level fills one cluster, with 8 bytes per entry, one entry per cluster.
  const needed = Math.ceil(virtualBytes / (2 ** (2 * clusterBits) / 8));
  if (l1Entries < needed || l1Entries > l1EntriesMost || l1 % (1n << BigInt(clusterBits)) !== 0n || l1 > 1n << 53n) {
    throw broken(`its first table has ${l1Entries} entries at ${l1}`);
  }
  const compression = compressionType === 1 ? "zstd" : "deflate";
  return { virtualBytes, clusterBits, l1Offset: Number(l1), l1Entries: needed, compression };
}

/** The error for a damaged image. */
export function broken(how: string): AgentError {
  return new AgentError("image_invalid", `the qcow2 image is damaged: ${how}; check it with qemu-img check`);
}

function unreadable(how: string): AgentError {
  return new AgentError(
    "unsupported",
    `the qcow2 image ${how}: make a self-contained image, with qemu-img convert -O qcow2 (or -O raw)`,
  );
}
