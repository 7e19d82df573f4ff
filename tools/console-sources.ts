import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { consoleListName } from "../src/operator-api/console/console-list.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
/** Where the built console is. */
export const consoleDirectory = join(root, "dist/console");
/** What the console is built from; a library that has changed shows in the lock file. */
const sources = ["console", "gen", "src/contract", "src/lib", "package-lock.json"];

/** A digest that differs when a source was added, removed or changed: of names, sizes and times, not of contents. */
export async function consoleSourcesDigest(): Promise<string> {
  const lines = await Promise.all(sources.map(async (path) => await linesOf(path)));
  return createHash("sha256").update(lines.flat().toSorted().join("\n")).digest("hex");
}

/** Whether the console is built, from the sources as they are. */
export async function consoleIsCurrent(): Promise<boolean> {
  try {
    const { sources: digest } = JSON.parse(await readFile(join(consoleDirectory, consoleListName), "utf8")) as {
      sources: string;
    };
    return digest === (await consoleSourcesDigest());
  } catch {
    // Not built, or by an interrupted or older build.
    return false;
  }
}

async function linesOf(path: string): Promise<string[]> {
  const found = await stat(join(root, path));
  if (!found.isDirectory()) {
    return [`${path} ${found.size} ${found.mtimeMs}`];
  }
  const names = await readdir(join(root, path));
  const lines = await Promise.all(
    names.filter((name) => !name.includes(".test.")).map(async (name) => await linesOf(join(path, name))),
  );
  return lines.flat();
}
