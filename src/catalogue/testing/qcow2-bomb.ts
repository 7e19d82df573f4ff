import { deflateRawSync } from "node:zlib";

/** A small qcow2 image all of whose clusters are the same packed one, full of one byte. */
export function qcow2Bomb(unpackedBytes: number, byte: number): Buffer {
  const clusterBytes = 1 << 16;
  const perTable = clusterBytes / 8;
  const clusters = unpackedBytes / clusterBytes;
  const tables = Math.ceil(clusters / perTable);
  const bytes = Buffer.alloc((2 + tables) * clusterBytes);
  bytes.write("QFI\u00fb", "latin1");
  bytes.writeUInt32BE(2, 4);
  bytes.writeUInt32BE(16, 20);
  bytes.writeBigUInt64BE(BigInt(unpackedBytes), 24);
  bytes.writeUInt32BE(tables, 36);
  bytes.writeBigUInt64BE(BigInt(clusterBytes), 40);
  // Behind the header, in the first cluster.
  const packedAt = 4096;
  deflateRawSync(Buffer.alloc(clusterBytes, byte)).copy(bytes, packedAt);
  for (let at = 0; at < clusters; at += 1) {
    bytes.writeBigUInt64BE((1n << 62n) | BigInt(packedAt), 2 * clusterBytes + at * 8);
  }
  for (let at = 0; at < tables; at += 1) {
    bytes.writeBigUInt64BE(BigInt((2 + at) * clusterBytes) | (1n << 63n), clusterBytes + at * 8);
  }
  return bytes;
}
