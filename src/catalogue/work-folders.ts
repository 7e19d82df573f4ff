import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../lib/errors.ts";
import { isUuid } from "../lib/format/uuid.ts";

/** Milliseconds after which a folder that is no session's belongs to no process: none works for longer on one image. */
const forgottenAfter = 48 * 3600 * 1000;

/** The folder of one session's images; process ids are no names, because they repeat in containers. */
export function workFolder(directory: string, session: string): string {
  return join(directory, session);
}

/**
 * Deletes the folders of sessions that are over: servers that were killed left them.
 * @param alive which of these sessions there still are
 * @param now milliseconds since 1970
 */
export async function workFoldersClean(
  directory: string,
  alive: (sessions: readonly string[]) => Promise<ReadonlySet<string>>,
  now: number,
): Promise<void> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") {
      return [];
    }
    throw error;
  });
  const living = await alive(names.filter((name) => isUuid(name)));
  for (const name of names) {
    const path = join(directory, name);
    if (isUuid(name) ? !living.has(name) : await isForgotten(path, now)) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

/** Numbers are folders of earlier versions, which named them by their process' id. */
async function isForgotten(path: string, now: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && (/\/\d+$/u.test(path) || now - found.mtimeMs > forgottenAfter);
}
