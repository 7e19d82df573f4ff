import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The checkout's root. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A file of the repository. */
export interface RepositoryFile {
  /** From the root, with forward slashes. */
  path: string;
  text: string;
}

/** All files that are or would be committed, without what is binary. */
export async function repositoryFiles(): Promise<RepositoryFile[]> {
  const paths = await repositoryPaths();
  const files = await Promise.all(
    paths.map(async (path) => ({ path, text: await readFile(join(root, path), "utf8") })),
  );
  return files.filter(({ text }) => !text.includes("\0"));
}

/** The paths of all files of the repository, pictures too. */
export async function repositoryPaths(): Promise<string[]> {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const { stdout } = await promisify(execFile)("git", args, { cwd: root, maxBuffer: 16 << 20 });
  return stdout.split("\0").filter((path) => path !== "" && existsSync(join(root, path)));
}

/** True for what only tests use. */
export function isTest(path: string): boolean {
  return /\.test\.tsx?$|\/testing\/|^test\//u.test(path);
}

/** The files of the repository that this one imports, from the root. */
export function importsOf({ path, text }: RepositoryFile): string[] {
  return [...text.matchAll(/(?:\bfrom|\bimport\(?)\s*"(?<specifier>\.{1,2}\/[^"]+)"/gu)].map((match) =>
    normalize(join(dirname(path), match.groups?.["specifier"] ?? "")),
  );
}
