import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, opendir, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress } from "node:zlib";
import { createWriteStream } from "node:fs";

/** A served file, with its size and digest. */
export interface ServedFile extends AsyncDisposable {
  url: string;
  /** sha256:<hex> */
  digest: string;
  bytes: number;
}

const level = 9;

/**
 * Writes an image of `bytes` from this host's own programs and libraries, so that it compresses like a system, and
 * compresses it with zstd. It has no zeros, so neither side gains by skipping them.
 */
export async function imageMake(raw: string, packed: string, bytes: number): Promise<void> {
  await using file = await open(raw, "w");
  let total = 0;
  while (total < bytes) {
    const before = total;
    for await (const path of filesBelow("/usr")) {
      for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
        const part = chunk.subarray(0, bytes - total);
        await file.write(part);
        total += part.length;
        if (total === bytes) {
          break;
        }
      }
      if (total === bytes) {
        break;
      }
    }
    if (total === before) {
      throw new Error("/usr has no files that can be read: the benchmark makes its image of them");
    }
  }
  const zstd = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level } });
  await pipeline(createReadStream(raw), zstd, createWriteStream(packed));
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      yield* filesBelow(path);
    } else if (entry.isFile() && (await stat(path)).size > 0) {
      yield path;
    }
  }
}

/** Serves a file on loopback to any client. */
export async function fileServe(path: string): Promise<ServedFile> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
  }
  const { size } = await stat(path);
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-length": size });
    createReadStream(path, { highWaterMark: 1 << 20 }).pipe(response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/image.raw.zst`,
    digest: `sha256:${hash.digest("hex")}`,
    bytes: size,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
