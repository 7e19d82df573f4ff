// `npm run image [-- FILE]`: makes a real ext4 file system image from this checkout's documents and contracts, and
// FILE.sha256 with its digest in the form for `--digest`.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { cp, mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { errorCode } from "../src/lib/errors.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** The content of the image. */
const contents = ["README.md", "docs", "proto", "src"];
const imageBytes = 32 * 1024 * 1024;

/** A finished image. */
export interface MadeImage {
  file: string;
  bytes: number;
  /** sha256:<hex> */
  digest: string;
}

/**
 * Makes the image, replacing an existing one.
 * @throws {Error} naming what to install if mke2fs is missing
 */
export async function imageMake(file: string): Promise<MadeImage> {
  const tree = await mkdtemp(join(tmpdir(), "farrier-image-"));
  try {
    for (const name of contents) {
      await cp(join(root, name), join(tree, name), { recursive: true });
    }
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, "");
    await truncate(file, imageBytes);
    await mke2fs(["-q", "-F", "-t", "ext4", "-L", "farrier-demo", "-d", tree, file]);
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk as Buffer);
  }
  return { file, bytes: imageBytes, digest: `sha256:${hash.digest("hex")}` };
}

async function mke2fs(args: string[]): Promise<void> {
  // Debian has it in /usr/sbin, which not every PATH has.
  const path = [process.env["PATH"] ?? "", "/usr/sbin", "/sbin"].join(delimiter);
  try {
    await promisify(execFile)("mke2fs", args, { env: { ...process.env, PATH: path } });
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      throw new Error("mke2fs is not installed: it makes the file system image; on Debian, `apt install e2fsprogs`", {
        cause: error,
      });
    }
    throw error;
  }
}

if (import.meta.main) {
  const image = await imageMake(process.argv[2] ?? join(root, ".demo/image.raw"));
  await writeFile(`${image.file}.sha256`, `${image.digest}\n`);
  process.stdout.write(`${image.file}: ${image.bytes} bytes, ${image.digest}\n`);
}
