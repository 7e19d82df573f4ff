import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Why tests that make a file system image cannot run here; undefined = they can. */
export function mke2fsMissing(): string | undefined {
  const directories = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return directories.some((directory) => existsSync(join(directory, "mke2fs")))
    ? undefined
    : "mke2fs is not installed (Debian's package e2fsprogs)";
}
