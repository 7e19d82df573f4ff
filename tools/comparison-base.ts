import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The trimmed output of `git`; undefined if it fails: no git, no repository, no such commit. */
export async function gitOutput(cwd: string, ...args: string[]): Promise<string | undefined> {
  try {
    return (await run("git", args, { cwd, maxBuffer: 1 << 26 })).stdout.trim();
  } catch {
    return undefined;
  }
}

/**
 * The commit with which the current state must be compatible: where a branch left main; on main itself the newest
 * commit older than a day, so that a day's commits are checked together; in a younger history its first commit.
 * @returns undefined without a history
 */
export async function comparisonBase(cwd: string): Promise<string | undefined> {
  const head = await gitOutput(cwd, "rev-parse", "--verify", "HEAD");
  for (const main of ["origin/main", "main"]) {
    const base = await gitOutput(cwd, "merge-base", "HEAD", main);
    if (base !== undefined && base !== head) {
      return base;
    }
  }
  const older = await gitOutput(cwd, "rev-list", "-1", "--before=1 day ago", "HEAD");
  return older === undefined || older === "" ? await firstCommit(cwd, head) : older;
}

async function firstCommit(cwd: string, head: string | undefined): Promise<string | undefined> {
  const first = (await gitOutput(cwd, "rev-list", "--max-parents=0", "HEAD"))?.split("\n").at(-1);
  return first === head ? undefined : first;
}
