import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { workFoldersClean } from "./work-folders.ts";

test("folders of sessions that are over go, those of living ones and young others stay", async () => {
  const folder = await mkdtemp(join(tmpdir(), "farrier-work-folders-"));
  try {
    const [living, dead] = ["a3a2d6c0-0000-4000-8000-000000000001", "a3a2d6c0-0000-4000-8000-000000000002"];
    for (const name of [living, dead, "4711", "again-young", "again-old"]) {
      await mkdir(join(folder, name, "debian@1"), { recursive: true });
      await writeFile(join(folder, name, "debian@1", "image"), "x");
    }
    const now = (await stat(join(folder, "again-young"))).mtimeMs;
    await utimes(join(folder, "again-old"), 0, 0);
    const asked: string[][] = [];
    const alive = (sessions: readonly string[]) => {
      asked.push(sessions.toSorted());
      return Promise.resolve(new Set([living]));
    };
    await workFoldersClean(folder, alive, now);
    expect(asked).toEqual([[living, dead]]);
    expect((await readdir(folder)).toSorted()).toEqual([living, "again-young"]);
    // There may be none at all.
    await workFoldersClean(join(folder, "nowhere"), alive, now);
  } finally {
    await rm(folder, { recursive: true });
  }
});
