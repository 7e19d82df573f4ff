import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../errors.ts";

/**
 * Makes a directory, readable by this user alone, and its missing parents. It does not use mkdir's `recursive`, which
 * never returns below /proc and similar file systems, where a parent exists and nothing can be created in it (Node 26).
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
