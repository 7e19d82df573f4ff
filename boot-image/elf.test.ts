import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { elfNeeds, elfStripped, isElf } from "./elf.ts";

test("Node's own binary needs a loader and the C++ library", async () => {
  const { interpreter, needed } = elfNeeds(await readFile(process.execPath));
  expect(interpreter).toMatch(/^\/lib.*\/ld-linux/u);
  expect(needed).toEqual(expect.arrayContaining(["libc.so.6", "libstdc++.so.6"]));
});

test("without what is never loaded it is smaller, needs the same, and runs", { timeout: 300_000 }, async () => {
  const binary = await readFile(process.execPath);
  const stripped = elfStripped(binary);
  expect(stripped.length).toBeLessThan(binary.length);
  expect(elfNeeds(stripped)).toEqual(elfNeeds(binary));
  const folder = await mkdtemp(join(tmpdir(), "farrier-elf-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "node"), stripped, { mode: 0o755 });
  const { stdout } = await promisify(execFile)(join(folder, "node"), ["--print", "6 * 7"]);
  expect(stdout.trim()).toBe("42");
});

test("what is no such file is refused", () => {
  expect(isElf(Buffer.from("#!/bin/sh\n"))).toBe(false);
  expect(() => elfNeeds(Buffer.from("#!/bin/sh\n"))).toThrow(/not an ELF file of 64 bits/u);
  expect(() => elfNeeds(Buffer.alloc(0))).toThrow(RangeError);
  // Only the first bytes.
  expect(() => elfNeeds(Buffer.from("7f454c460201", "hex"))).toThrow(RangeError);
});
