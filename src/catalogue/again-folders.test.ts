import { mkdir, mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { againFolder, againFoldersClean } from "./again-folders.ts";

test("folders of killed processes are deleted, those in use and others' stay", async () => {
  const directory = await mkdtemp(join(tmpdir(), "farrier-again-"));
  await using _gone = { [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
  await using used = againFolder(directory);
  await mkdir(used.path);
  for (const old of ["again-killed", "session"]) {
    await mkdir(join(directory, old));
    await utimes(join(directory, old), new Date(0), new Date(0));
  }
  await againFoldersClean(directory);
  expect((await readdir(directory)).toSorted()).toEqual([basename(used.path), "session"].toSorted());
});
