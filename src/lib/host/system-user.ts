import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { findUser, type UserIds } from "./passwd.ts";

/** The commands that create a system user by hand. */
export function systemUserCommands(name: string): string {
  return `useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ${name}`;
}

/** Attempts while other processes change the list of users, and milliseconds between them. */
const tries = 100;
const pause = 100;

/**
 * The system user of this name; created if missing, which needs root. Any number of processes may call it at once.
 * `made` is called if this process created it.
 * @returns undefined if there is none and it can't be created
 */
export async function systemUser(name: string, made: () => void): Promise<UserIds | undefined> {
  const [program = "", ...args] = systemUserCommands(name).split(" ");
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const found = findUser(await readFile("/etc/passwd", "utf8"), name);
    if (found !== undefined) {
      return found;
    }
    try {
      await promisify(execFile)(program, args, {
        env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`, LC_ALL: "C" },
      });
      made();
    } catch (error) {
      // 1: another process is changing the list; 9: another process has created this user. Any other code is final.
      const { code } = error as { code?: unknown };
      if (code !== 1 && code !== 9) {
        return undefined;
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  return undefined;
}
