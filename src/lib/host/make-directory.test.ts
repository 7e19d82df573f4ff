import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeDirectory } from "./make-directory.ts";

test("makes all that is missing, for this user alone, and finds what is there", async () => {
  const base = await mkdtemp(join(tmpdir(), "farrier-make-"));
  try {
    const path = join(base, "a", "b", "c");
    await makeDirectory(path);
    await makeDirectory(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await stat(join(base, "a"))).mode & 0o777).toBe(0o700);
  } finally {
    await rm(base, { recursive: true });
  }
});

test("ends where nothing can be made", async () => {
  await expect(makeDirectory("/proc/farrier/data")).rejects.toMatchObject({ code: "ENOENT" });
});
