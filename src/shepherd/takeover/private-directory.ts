import { lstat, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

// A process that was killed leaves its directory behind. The name says whose it was: the process's id, and when it began,
// because ids are used again.
const namePattern = /^farrier-ssh-(?<pid>\d+)-(?<began>\d+)-[A-Za-z0-9]+$/u;

/** A directory that only this user can read; its content is gone once it is disposed. */
export interface PrivateDirectory extends AsyncDisposable {
  path: string;
}

/** Where secrets are written to: memory if the system has such a place, so that none ever is on a disk. */
export async function secretsPlace(): Promise<string> {
  const memory = "/dev/shm";
  return (await lstat(memory).catch(() => undefined))?.isDirectory() === true ? memory : tmpdir();
}

/** Makes a directory of this process under `place`. */
export async function privateDirectory(place: string): Promise<PrivateDirectory> {
  // Made with mode 0700.
  const path = await mkdtemp(join(place, `farrier-ssh-${process.pid}-${(await processBegan(process.pid)) ?? "0"}-`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/**
 * Removes the directories under `place` that killed processes of this user have left behind. Resolves to how many they
 * were.
 */
export async function privateDirectoriesSweep(place: string): Promise<number> {
  let removed = 0;
  for (const name of await readdir(place)) {
    const { pid, began } = namePattern.exec(name)?.groups ?? {};
    if (pid === undefined || (await processBegan(Number(pid))) === began) {
      continue;
    }
    const path = join(place, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats?.isDirectory() === true && stats.uid === process.getuid?.()) {
      await rm(path, { recursive: true, force: true });
      removed += 1;
    }
  }
  return removed;
}

/** When a process began, in ticks since the host's start (proc(5), field 22); undefined if there is none. */
async function processBegan(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The second field is the program's name in parentheses, which may hold blanks.
  return text?.slice(text.lastIndexOf(")") + 2).split(" ")[19];
}
