import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Whether a file imports another one, directly or indirectly; absolute paths. Only literal relative imports count; a
 * text that only looks like one names a missing file.
 */
export function importsFile(file: string, wanted: string, seen = new Set<string>()): boolean {
  if (file === wanted) {
    return true;
  }
  if (seen.has(file)) {
    return false;
  }
  seen.add(file);
  const imported = [...readFileSync(file, "utf8").matchAll(/\bfrom "(?<path>\.{1,2}\/[^"]+)"/gu)];
  return imported
    .map(({ groups }) => resolve(dirname(file), groups?.["path"] ?? ""))
    .some((path) => existsSync(path) && importsFile(path, wanted, seen));
}
