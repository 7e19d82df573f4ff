import { constants, createZstdDecompress, inflateRaw } from "node:zlib";
import { promisify } from "node:util";
import type { Qcow2 } from "./qcow2-header.ts";
import { broken } from "./qcow2-header.ts";

/** Reads `length` bytes of the qcow2 file at a position; fewer at its end. */
export type ReadAt = (length: number, position: number) => Promise<Buffer>;

/** Where a cluster of the disk has its bytes. */
type Cluster = { kind: "zero" } | { kind: "plain"; offset: number } | { kind: "packed"; offset: number; bytes: number };

// Adjacent clusters are read together, and packed ones unpacked in parallel.
const readMost = 2 << 20;
const packedAtATime = 16;
const offsetMask = 0x00ff_ffff_ffff_fe00n;
const inflate = promisify(inflateRaw);

/**
 * The whole disk in a qcow2 file, from its first byte to its last. `fileBytes` is the file's length; positions beyond
 * it are an error.
 * @throws {AgentError} `image_invalid` if its tables point outside the file
 */
export async function* qcow2Read(image: Qcow2, read: ReadAt, fileBytes: number): AsyncGenerator<Buffer> {
  const clusterBytes = 2 ** image.clusterBits;
  const zeros = Buffer.alloc(Math.max(clusterBytes, readMost));
  const perTable = clusterBytes / 8;
  const exactly = async (length: number, position: number): Promise<Buffer> => {
    const bytes = position < fileBytes ? await read(Math.min(length, fileBytes - position), position) : Buffer.alloc(0);
    // The file may end within its last cluster only.
    if (bytes.length === 0 || length - bytes.length >= clusterBytes) {
      throw broken(`it ends at ${fileBytes}, and names bytes up to ${position + length}`);
    }
    return bytes.length === length ? bytes : Buffer.concat([bytes, Buffer.alloc(length - bytes.length)]);
  };
  const l1 = await exactly(image.l1Entries * 8, image.l1Offset);
  let left = image.virtualBytes;
  for (let index = 0; index < image.l1Entries; index += 1) {
    const tableOffset = Number(l1.readBigUInt64BE(index * 8) & offsetMask);
    const clusters = Math.min(perTable, Math.ceil(left / clusterBytes));
    const table = tableOffset === 0 ? undefined : await exactly(clusterBytes, tableOffset);
    for (let from = 0; from < clusters;) {
      const run = runAt(image, table, from, clusters);
      for await (const chunk of runRead(run, image, { zeros, exactly, fileBytes, read })) {
        const wanted = chunk.subarray(0, Math.min(chunk.length, left));
        left -= wanted.length;
        yield wanted;
      }
      from += run.clusters.length;
    }
  }
}

interface Run {
  clusters: Cluster[];
}

/** The clusters from `from` on that can be read at once: zeros, adjacent ones, or packed ones. */
function runAt(image: Qcow2, table: Buffer | undefined, from: number, end: number): Run {
  const clusterBytes = 2 ** image.clusterBits;
  const most = Math.max(1, readMost / clusterBytes);
  const first = clusterAt(image, table, from);
  const clusters = [first];
  for (let index = from + 1; index < end; index += 1) {
    const next = clusterAt(image, table, index);
    const goesOn =
      next.kind === first.kind &&
      (next.kind !== "plain" ||
        first.kind !== "plain" ||
        next.offset === first.offset + clusters.length * clusterBytes);
    if (!goesOn || clusters.length >= (first.kind === "packed" ? packedAtATime : most)) {
      break;
    }
    clusters.push(next);
  }
  return { clusters };
}

/** An entry of a table of the second level. */
function clusterAt({ clusterBits }: Qcow2, table: Buffer | undefined, index: number): Cluster {
  const entry = table?.readBigUInt64BE(index * 8) ?? 0n;
  if ((entry & (1n << 62n)) !== 0n) {
    // The offset takes the lower bits; the rest, up to bit 61, is the number of further sectors.
    const split = BigInt(62 - (clusterBits - 8));
    const offset = Number(entry & ((1n << split) - 1n));
    const sectors = Number((entry & ((1n << 62n) - 1n)) >> split) + 1;
    return { kind: "packed", offset, bytes: sectors * 512 - (offset % 512) };
  }
  const offset = Number(entry & offsetMask);
  return (entry & 1n) !== 0n || offset === 0 ? { kind: "zero" } : { kind: "plain", offset };
}

async function* runRead(
  { clusters }: Run,
  image: Qcow2,
  from: {
    zeros: Buffer;
    exactly: (length: number, position: number) => Promise<Buffer>;
    read: ReadAt;
    fileBytes: number;
  },
): AsyncGenerator<Buffer> {
  const clusterBytes = 2 ** image.clusterBits;
  const [first] = clusters;
  if (first === undefined) {
    return;
  }
  switch (first.kind) {
    case "zero":
      yield from.zeros.subarray(0, clusters.length * clusterBytes);
      break;
    case "plain":
      if (first.offset % clusterBytes !== 0) {
        throw broken(`a cluster has the impossible offset ${first.offset}`);
      }
      yield await from.exactly(clusters.length * clusterBytes, first.offset);
      break;
    case "packed": {
      const packed: Buffer[] = [];
      for (const cluster of clusters) {
        if (cluster.kind === "packed") {
          // Its last sector may be incomplete.
          const bytes = Math.min(cluster.bytes, from.fileBytes - cluster.offset);
          packed.push(bytes <= 0 ? Buffer.alloc(0) : await from.read(bytes, cluster.offset));
        }
      }
      const unpack = image.compression === "zstd" ? unzstd : undeflate;
      yield* await Promise.all(packed.map((bytes) => unpack(bytes, clusterBytes)));
      break;
    }
  }
}

async function undeflate(packed: Buffer, clusterBytes: number): Promise<Buffer> {
  const options = { maxOutputLength: clusterBytes, finishFlush: constants.Z_SYNC_FLUSH };
  return whole(await inflate(packed, options).catch(unpackable), clusterBytes);
}

/** Data after the frame in its last sector is no frame: reading ends when the cluster is complete. */
async function unzstd(packed: Buffer, clusterBytes: number): Promise<Buffer> {
  const stream = createZstdDecompress({ chunkSize: clusterBytes });
  stream.end(packed);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= clusterBytes) {
        break;
      }
    }
  } catch (error) {
    return unpackable(error);
  }
  return whole(Buffer.concat(chunks), clusterBytes);
}

function whole(bytes: Buffer, clusterBytes: number): Buffer {
  if (bytes.length !== clusterBytes) {
    throw broken(`a packed cluster has ${bytes.length} bytes, expected ${clusterBytes}`);
  }
  return bytes;
}

function unpackable(cause: unknown): never {
  const error = broken("a packed cluster cannot be unpacked");
  error.cause = cause;
  throw error;
}
