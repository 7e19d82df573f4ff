import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../errors.ts";

/**
 * Makes a directory, readable by this user alone, and those above it where they are missing. Not by mkdir's own
 * `recursive`: below /proc and the like, where a parent is there and nothing can be made in it, that never returns (Node 26).
 * @throws {Error} with the system's code
 */
export async function makeDirectory(path: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await mkdir(path, { mode: 0o700 });
      return;
    } catch (error) {
      const code = errorCode(error);
      if (code === "EEXIST") {
        return;
      }
      const parent = dirname(path);
      if (code !== "ENOENT" || attempt > 1 || parent === path) {
        throw error;
      }
      await makeDirectory(parent);
    }
  }
}
