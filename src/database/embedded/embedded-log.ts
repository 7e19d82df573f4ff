import { open, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../../lib/errors.ts";

/** Size in bytes above which the log is rotated at a start. With the previous log, this bounds what is kept. */
const rotateAt = 4 * 1024 * 1024;

/** The log file of one run of PostgreSQL. */
export interface PostgresLog extends AsyncDisposable {
  readonly path: string;
  readonly fd: number;
  /** The offset at which this run's lines begin. */
  readonly begin: number;
}

/** Opens `directory`/postgres.log for appending; a large one is renamed to postgres.log.1 first. */
export async function logOpen(directory: string, limit = rotateAt): Promise<PostgresLog> {
  const path = join(directory, "postgres.log");
  if ((await sizeOf(path)) >= limit) {
    await rename(path, `${path}.1`);
  }
  const handle = await open(path, "a", 0o600);
  const { size: begin } = await handle.stat();
  return { path, fd: handle.fd, begin, [Symbol.asyncDispose]: async () => await handle.close() };
}

/** The last lines of a run, joined to one line for a message. */
export async function logTail({ path, begin }: { path: string; begin: number }): Promise<string> {
  try {
    await using handle = await open(path, "r");
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, Math.max(begin, size - 4096));
    const lines = buffer.toString("utf8", 0, bytesRead).trim().split("\n").slice(-5);
    return lines.join(" | ") || "(none)";
  } catch (error) {
    // The message matters more than the log's last lines.
    return `(unreadable: ${String(error)})`;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return 0;
    }
    throw error;
  }
}
