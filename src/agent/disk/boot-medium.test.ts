import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isBootMedium } from "./boot-medium.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-medium-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const disk = (label: string): Buffer => {
  const bytes = Buffer.alloc(40_960);
  bytes.write("\u0001CD001", 0x8000, "latin1");
  bytes.write(label.padEnd(32), 0x8028, "latin1");
  return bytes;
};

test.each([
  ["Farrier's", disk("FARRIER_AGENT"), true],
  ["another's", disk("DEBIAN_12"), false],
  ["one whose name begins so", disk("FARRIER_AGENT_2"), false],
  ["an empty disk", Buffer.alloc(40_960), false],
  ["a disk that is too short", Buffer.alloc(100), false],
])("%s: %s", async (_whose, bytes, expected) => {
  const path = join(folder, "disk");
  await writeFile(path, bytes);
  expect(await isBootMedium(path)).toBe(expected);
});

test("a disk that is not there is none", async () => {
  expect(await isBootMedium(join(folder, "none"))).toBe(false);
});
