import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CliError } from "../cli/errors.ts";
import { writeFileAtomic } from "../lib/host/atomic-file.ts";
import { errorCode } from "../lib/errors.ts";
import { secretsKeyFile } from "../secrets/key-file.ts";
import { systemWords } from "../lib/host/system-words.ts";

/** A backup's first line. */
export const backupTitle = "farrier-backup 1";

/**
 * The files of a data directory that a backup contains, with their modes. Without the CA's key no agent would trust the
 * restored server.
 */
export const backupFiles: Readonly<Record<string, number>> = {
  "operator-token": 0o600,
  "tls/ca.pem": 0o644,
  "tls/ca-key.pem": 0o600,
  "tls/server.pem": 0o644,
  "tls/server-key.pem": 0o600,
  [secretsKeyFile]: 0o600,
};

/** A file's bytes; undefined if it does not exist. */
export async function fileIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") {
      return undefined;
    }
    throw new CliError(
      "failed",
      `${path} can't be read ${systemWords(error)}; run as the user who runs the control plane`,
      {
        cause: error,
      },
    );
  }
}

/**
 * Writes files into a data directory unless they exist; disposal without commit removes those that it wrote.
 * @throws {CliError} `failed` if a different file exists
 */
export async function filesRestore(dataDir: string, files: ReadonlyMap<string, Buffer>): Promise<() => Promise<void>> {
  const missing = new Map<string, Buffer>();
  for (const [name, bytes] of files) {
    const path = join(dataDir, name);
    const there = await fileIfThere(path);
    if (there === undefined) {
      missing.set(path, bytes);
    } else if (!there.equals(bytes)) {
      throw new CliError(
        "failed",
        `${path} is another one than the backup's: restore into a new data directory (--data-dir DIR)`,
      );
    }
  }
  for (const [path, bytes] of missing) {
    const mode = backupFiles[path.slice(dataDir.length + 1)] ?? 0o600;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFileAtomic(path, bytes, { mode, replace: false });
  }
  return async () => {
    for (const path of missing.keys()) {
      await rm(path, { force: true });
    }
  };
}
