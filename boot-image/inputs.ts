import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Drivers } from "./packages.ts";
import type { Unpacked } from "./unpack.ts";

/**
 * SHA-256 in hexadecimal of everything that an image is made from: packages, Node, the agent, and this builder itself.
 */
export async function inputsDigest(made: {
  drivers: Drivers;
  node: string;
  agent: Buffer;
  packages: readonly Unpacked[];
}): Promise<string> {
  const hash = createHash("sha256").update(`${made.drivers}\n`);
  for (const { name, sha256 } of made.packages) {
    hash.update(`${name} ${sha256}\n`);
  }
  for await (const chunk of createReadStream(made.node, { highWaterMark: 4 << 20 })) {
    hash.update(chunk as Buffer);
  }
  hash.update(made.agent);
  const here = import.meta.dirname;
  const sources = await readdir(here, { recursive: true, withFileTypes: true });
  const files = sources.filter((entry) => entry.isFile() && !entry.name.includes(".test."));
  for (const path of files.map(({ parentPath, name }) => join(parentPath, name)).toSorted()) {
    hash.update(await readFile(path));
  }
  return hash.digest("hex");
}
