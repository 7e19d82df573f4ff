// `npm run proto:breaking`: fails if proto/ breaks its callers, compared with the last release, or otherwise with where
// the branch left main (on main, with the state a day ago).
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { comparisonBase, gitOutput } from "./comparison-base.ts";

const cwd = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

const base = (await gitOutput(cwd, "describe", "--tags", "--match", "v*", "--abbrev=0")) ?? (await comparisonBase(cwd));
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
