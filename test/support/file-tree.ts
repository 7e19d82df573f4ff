import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A made-up tree of files: path → content; `{ link }` makes a link, null a folder. */
export type FileTree = Record<string, string | Uint8Array | { link: string } | null>;

/** Makes a tree in a new folder; disposing removes it. */
export async function fileTree(files: FileTree): Promise<{ root: string } & AsyncDisposable> {
  const root = await mkdtemp(join(tmpdir(), "tree-"));
  for (const [path, content] of Object.entries(files)) {
    const full = join(root, path);
    await mkdir(content === null ? full : dirname(full), { recursive: true });
    if (typeof content === "string" || content instanceof Uint8Array) {
      await writeFile(full, content);
    } else if (content !== null) {
      await symlink(content.link, full);
    }
  }
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}
