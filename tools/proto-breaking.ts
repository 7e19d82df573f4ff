// `npm run proto:breaking`: fails where proto/ breaks its callers: against the last release, or else the last commit.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const cwd = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

/** What `git` prints, trimmed; nothing where it fails: no git, no repository, no such commit. */
async function git(...args: string[]): Promise<string | undefined> {
  try {
    return (await run("git", args, { cwd })).stdout.trim();
  } catch {
    // Told below as "nothing to compare with".
    return undefined;
  }
}

const base =
  (await git("describe", "--tags", "--match", "v*", "--abbrev=0")) ?? (await git("rev-parse", "--verify", "HEAD~1"));
if (base === undefined) {
  process.stdout.write("no release and no earlier commit to compare proto/ with\n");
} else {
  const directory = await mkdtemp(join(tmpdir(), "farrier-proto-"));
  try {
    await run("git", ["archive", "--output", join(directory, "proto.tar"), base, "proto", "buf.yaml"], { cwd });
    const { stdout } = await run("buf", ["breaking", "--against", join(directory, "proto.tar")], { cwd }).catch(
      (error: { stdout: string; stderr: string }) => {
        process.exitCode = 1;
        return { stdout: `proto/ breaks its callers (compared with ${base}):\n${error.stdout}${error.stderr}` };
      },
    );
    process.stdout.write(stdout);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
