import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { comparisonBase } from "../tools/comparison-base.ts";
import { migrationsChanged } from "../tools/migrations-changed.ts";
import { root } from "./support/repository.ts";

const run = promisify(execFile);
const path = "src/database/migrations/0001_machines.up.sql";

test("C10: a migration that was committed is never changed, renamed or deleted", async (context) => {
  const base = await comparisonBase(root);
  context.skip(base === undefined, "there is no git history here to compare migrations with");
  expect(await migrationsChanged(root, base ?? "")).toEqual([]);
});

test("C10: such a change is found, committed or not; a new migration is none", async () => {
  const cwd = await mkdtemp(join(tmpdir(), "farrier-migrations-"));
  const git = async (...args: string[]): Promise<void> =>
    void (await run("git", ["-c", "user.name=t", "-c", "user.email=t@localhost", ...args], { cwd }));
  const write = async (file: string, text: string): Promise<void> => {
    await mkdir(dirname(join(cwd, file)), { recursive: true });
    await writeFile(join(cwd, file), text);
    await git("add", "--all");
  };
  try {
    await git("init", "--quiet", "--initial-branch=main");
    await write(path, "CREATE TABLE machines ();\n");
    await git("commit", "--quiet", "-m", "one");
    const base = (await run("git", ["rev-parse", "HEAD"], { cwd })).stdout.trim();
    await write("src/database/migrations/0002_more.up.sql", "CREATE TABLE more ();\n");
    await git("commit", "--quiet", "-m", "two");
    expect(await migrationsChanged(cwd, base)).toEqual([]);
    expect(await comparisonBase(cwd)).toBe(base);

    await write(path, "CREATE TABLE machines (id uuid);\n");
    expect(await migrationsChanged(cwd, base)).toEqual([`M ${path} not committed`]);
    await git("commit", "--quiet", "-m", "three");
    expect(await migrationsChanged(cwd, base)).toEqual([expect.stringMatching(`^M ${path} in [0-9a-f]{7,}$`)]);
    // Put back: a database that was migrated in between differs.
    await write(path, "CREATE TABLE machines ();\n");
    await git("commit", "--quiet", "-m", "four");
    expect(await migrationsChanged(cwd, base)).toHaveLength(2);

    await git("checkout", "--quiet", "-b", "branch");
    await git("mv", path, path.replace("0001", "0003"));
    await git("commit", "--quiet", "-m", "five");
    const left = (await run("git", ["rev-parse", "main"], { cwd })).stdout.trim();
    expect(await comparisonBase(cwd)).toBe(left);
    expect(await migrationsChanged(cwd, left)).toEqual([expect.stringMatching(/^R100 /u)]);
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
});
