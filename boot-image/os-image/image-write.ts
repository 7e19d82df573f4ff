import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress } from "node:zlib";
import { writeFileAtomic } from "../../src/lib/host/atomic-file.ts";
import { temporaryName } from "../../src/lib/host/temporary-name.ts";
import { makeDirectory } from "../../src/lib/host/make-directory.ts";

/** A finished, compressed image. */
export interface MadeImage {
  file: string;
  /** sha256:<hex> of the compressed bytes: the value for `machine install --digest`. */
  digest: string;
  /** Size compressed, and uncompressed. */
  packedBytes: number;
  bytes: number;
}

const level = 9;
const readable = 0o644;

/** Compresses a disk into `out`, atomically, and writes its digest next to it, in the form for `--digest`. */
export async function imageWrite(disk: string, out: string): Promise<MadeImage> {
  await makeDirectory(dirname(out));
  const partial = temporaryName(out);
  const hash = createHash("sha256");
  let packedBytes = 0;
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      packedBytes += chunk.length;
      done(null, chunk);
    },
  });
  const { size } = await stat(disk);
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 };
  try {
    await pipeline(
      createReadStream(disk, { highWaterMark: 4 << 20 }),
      // If it is known beforehand, the compressed file's header has the size.
      createZstdCompress({ params, pledgedSrcSize: size, chunkSize: 1 << 20 }),
      tap,
      createWriteStream(partial, { flags: "wx", mode: readable, flush: true }),
    );
    await rename(partial, out);
  } finally {
    await rm(partial, { force: true });
  }
  const hex = hash.digest("hex");
  await writeFileAtomic(`${out}.sha256`, `sha256:${hex}\n`, { mode: readable });
  return { file: out, digest: `sha256:${hex}`, packedBytes, bytes: size };
}
