import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dataDirectoryOpen } from "./data-directory.ts";

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "farrier-data-"));
});
afterAll(async () => await rm(base, { recursive: true, force: true }));

describe("dataDirectoryOpen", () => {
  test("makes it, closed to others", async () => {
    await using opened = await dataDirectoryOpen(join(base, "a/b"));
    expect(opened.path).toBe(join(base, "a/b"));
    expect((await stat(opened.path)).mode & 0o777).toBe(0o700);
  });

  test("lets in one at a time, and names the holder", async () => {
    const path = join(base, "one");
    {
      await using _held = await dataDirectoryOpen(path);
      await expect(dataDirectoryOpen(path)).rejects.toMatchObject({
        code: "directory_busy",
        message: expect.stringContaining(`process ${process.pid}`) as string,
      });
    }
    await using again = await dataDirectoryOpen(path);
    expect(again.path).toBe(path);
  });

  test("is free as soon as the holder was killed", async () => {
    const path = join(base, "killed");
    const script = `
      const { dataDirectoryOpen } = await import(${JSON.stringify(new URL("data-directory.ts", import.meta.url).href)});
      await dataDirectoryOpen(${JSON.stringify(path)});
      process.stdout.write("open");
      setInterval(() => undefined, 1000);`;
    const holder = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(holder.stdout, "data");
      await expect(dataDirectoryOpen(path)).rejects.toThrow(`process ${holder.pid}`);
    } finally {
      holder.kill("SIGKILL");
      await once(holder, "exit");
    }
    await using opened = await dataDirectoryOpen(path);
    expect(opened.path).toBe(path);
  });

  test("closes an empty directory, and refuses an open one with others' files in it", async () => {
    const path = join(base, "open");
    await mkdir(path);
    await chmod(path, 0o777);
    {
      await using opened = await dataDirectoryOpen(path);
      expect((await stat(opened.path)).mode & 0o777).toBe(0o700);
    }
    await writeFile(join(path, "letter"), "dear all");
    await chmod(path, 0o755);
    await expect(dataDirectoryOpen(path)).rejects.toMatchObject({ code: "directory_unusable" });
    expect((await stat(path)).mode & 0o777).toBe(0o755);
  });

  test("says so when it is a file", async () => {
    const path = join(base, "file");
    await writeFile(path, "");
    await expect(dataDirectoryOpen(path)).rejects.toMatchObject({
      code: "directory_unusable",
      message: expect.stringContaining("not a directory") as string,
    });
  });
});
