import { promisify } from "node:util";
import { constants, zstdCompress } from "node:zlib";

// Level 19 would save 6 of 50 MB for another minute.
const compressionLevel = 9;

/** One zstd frame with a checksum. The default level is 9. */
export function compress(bytes: Buffer, level: number = compressionLevel): Promise<Buffer> {
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 };
  return promisify(zstdCompress)(bytes, { params });
}
