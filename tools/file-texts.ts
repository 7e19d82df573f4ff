import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** The text of every file under `directory`, by its relative path. */
export async function fileTexts(directory: string): Promise<Map<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(
    files.toSorted().map(async (file) => [relative(directory, file), await readFile(file, "utf8")] as const),
  );
  return new Map(texts);
}

/** Files that only one of two folders has, or that differ; sorted. Pure. */
export function fileDifferences(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] {
  const names = new Set([...one.keys(), ...other.keys()]);
  return [...names].filter((name) => one.get(name) !== other.get(name)).toSorted();
}
