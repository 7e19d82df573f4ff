import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { logOpen, logTail } from "./embedded-log.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-log-"));
});
afterEach(async () => await rm(directory, { recursive: true }));

test("the log is appended to while small, and set aside when big", async () => {
  const path = join(directory, "postgres.log");
  await writeFile(path, "old\n");
  {
    await using log = await logOpen(directory, 100);
    expect(log.begin).toBe(4);
  }
  await writeFile(path, "x".repeat(100));
  await using log = await logOpen(directory, 100);
  expect(log.begin).toBe(0);
  expect(await readFile(`${path}.1`, "utf8")).toHaveLength(100);
});

test("the tail is the last five lines of the run, none of an earlier one", async () => {
  const path = join(directory, "postgres.log");
  await writeFile(path, "earlier\n1\n2\n3\n4\n5\n6\n");
  expect(await logTail({ path, begin: 8 })).toBe("2 | 3 | 4 | 5 | 6");
  expect(await logTail({ path, begin: 18 })).toBe("6");
  expect(await logTail({ path, begin: 20 })).toBe("(none)");
  expect(await logTail({ path: `${path}.gone`, begin: 0 })).toContain("unreadable");
});
