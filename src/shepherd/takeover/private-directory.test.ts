import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { privateDirectoriesSweep, privateDirectory } from "./private-directory.ts";

async function place(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "farrier-private-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test("only this user reads it, and it is gone after its use", async () => {
  const under = await place();
  {
    await using directory = await privateDirectory(under);
    expect((await stat(directory.path)).mode & 0o777).toBe(0o700);
    await writeFile(join(directory.path, "secret"), "text");
  }
  expect(await readdir(under)).toEqual([]);
});

test("what a killed process left is removed at the next start; what a live process has stays, and so does all else", async () => {
  const under = await place();
  const script = `
    import { privateDirectory } from ${JSON.stringify(new URL("private-directory.ts", import.meta.url).href)};
    const made = await privateDirectory(${JSON.stringify(under)});
    process.stdout.write(made.path + "\\n");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  await mkdir(join(under, "farrier-ssh-notes"));
  await mkdir(join(under, "other"));
  await using own = await privateDirectory(under);
  expect(await privateDirectoriesSweep(under)).toBe(0);
  child.kill("SIGKILL");
  await once(child, "close");
  expect(await privateDirectoriesSweep(under)).toBe(1);
  expect((await readdir(under)).toSorted()).toEqual(
    ["farrier-ssh-notes", "other", own.path.slice(under.length + 1)].toSorted(),
  );
});
