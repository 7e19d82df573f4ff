import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { gptAdd, gptFit, gptGrow, lastPartition } from "./gpt-fit.ts";
import { gptBytes, gptPartitions, gptRead } from "./gpt.ts";
import type { Gpt } from "./gpt.ts";
import { programEnvironment } from "../../disk/program.ts";
import { protectiveMbrFit } from "./protective-mbr.ts";

const mebibyte = 1 << 20;
const block = 512;
const basicData = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7";

let folder: string;
let disk: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gpt-"));
  disk = join(folder, "disk");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function sgdisk(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("sgdisk", [...args, disk], { env: programEnvironment() });
  return stdout;
}

const beginning = async (): Promise<Buffer> => (await readFile(disk)).subarray(0, 4 * mebibyte);

/** An image of 64 MiB with the partitions of Debian's: BIOS boot 14, EFI system 15, root 1. */
async function image(): Promise<Gpt> {
  await writeFile(disk, "");
  await truncate(disk, 64 * mebibyte);
  await sgdisk("-n", "14:2048:+3M", "-t", "14:ef02", "-n", "15:0:+8M", "-t", "15:ef00", "-n", "1:0:0", "-c", "1:root");
  return read(await beginning());
}

function read(bytes: Buffer): Gpt {
  const gpt = gptRead(bytes, block);
  if (gpt === undefined) {
    throw new Error("no table was found");
  }
  return gpt;
}

async function putOn(gpt: Gpt, diskBytes: number): Promise<void> {
  await truncate(disk, diskBytes);
  const diskBlocks = diskBytes / block;
  const { primary, backup } = gptBytes(gpt, diskBlocks);
  const start = await beginning();
  protectiveMbrFit(start, diskBlocks);
  await using file = await open(disk, "r+");
  await file.write(start, 0, block, 0);
  for (const { bytes, position } of [...primary, ...backup]) {
    await file.write(bytes, 0, bytes.length, position);
  }
}

describe("a table, as sgdisk sees it", async () => {
  const there = await promisify(execFile)("sgdisk", ["--version"], { env: programEnvironment() }).then(
    () => true,
    () => false,
  );

  test("is read as it was made", async (context) => {
    context.skip(!there, "sgdisk is not installed: apt install gdisk");
    const gpt = await image();
    expect(gptPartitions(gpt).map(({ number, first }) => [number, first])).toEqual([
      [1, 24_576],
      [14, 2048],
      [15, 8192],
    ]);
    expect(lastPartition(gpt)?.number).toBe(1);
    expect(gptPartitions(gpt).find(({ number }) => number === 15)?.type).toBe("c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
  });

  test("on a larger disk has no problem: its copy at the end, a seed in front of it, the last partition grown", async (context) => {
    context.skip(!there, "sgdisk is not installed: apt install gdisk");
    const gpt = gptFit(await image(), (200 * mebibyte) / block);
    const id = "11111111-2222-3333-4444-555555555555";
    const seeded = gptAdd(gpt, { type: basicData, id, name: "CIDATA", bytes: 8 * mebibyte });
    const last = lastPartition(gpt);
    const { gpt: final } = last === undefined ? seeded : gptGrow(seeded.gpt, last, seeded.added.first - 1);
    await putOn(final, 200 * mebibyte);
    expect(await sgdisk("-v")).toMatch(/No problems found/u);
    expect(await sgdisk("-i", "2")).toMatch(/11111111-2222-3333-4444-555555555555[^]*Partition name: 'CIDATA'/u);
    expect(await sgdisk("-p")).toMatch(/1 +24576 +391167 +/u);
    expect(seeded.added).toMatchObject({ number: 2, first: 391_168, last: 391_168 + 16_383 });
    // The protective MBR spans the disk.
    expect((await beginning()).readUInt32LE(446 + 12)).toBe((200 * mebibyte) / block - 1);
  });

  test("that does not leave room is told so", async (context) => {
    context.skip(!there, "sgdisk is not installed: apt install gdisk");
    const gpt = await image();
    expect(() => gptFit(gpt, (63 * mebibyte) / block)).toThrow(
      /partition 1 of the image ends at block \d+, .*larger disk/u,
    );
    const fitted = gptFit(gpt, (70 * mebibyte) / block);
    const seed = { type: basicData, id: basicData, name: "CIDATA", bytes: 8 * mebibyte };
    expect(() => gptAdd(fitted, seed)).toThrow(
      /CIDATA takes 8388608 bytes, and behind .* there are \d+: choose a larger disk/u,
    );
  });

  test("that is altered anywhere is said to be damaged, never misread", async (context) => {
    context.skip(!there, "sgdisk is not installed: apt install gdisk");
    await image();
    const good = await beginning();
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 91 }), fc.integer({ min: 1, max: 255 }), (at, xor) => {
        const bytes = Buffer.from(good);
        bytes[block + at] = (bytes[block + at] ?? 0) ^ xor;
        expect(() => gptRead(bytes, block)).toThrow(/GPT\) is damaged/u);
      }),
    );
    const entry = Buffer.from(good);
    entry[2 * block + 40] = 7;
    expect(() => gptRead(entry, block)).toThrow(/entries' checksum is wrong/u);
    expect(() => gptRead(good.subarray(0, block + 60), block)).toThrow(/cut short/u);
    expect(() => gptRead(good.subarray(0, 4096), block)).toThrow(/its entries are at block 2/u);
  });

  test("for other blocks than the disk's is refused", async (context) => {
    context.skip(!there, "sgdisk is not installed: apt install gdisk");
    await image();
    expect(gptRead.bind(undefined, await beginning(), 4096)).toThrow(/blocks of 512 bytes, this one has 4096/u);
  });
});

test("garbage has no table, or is refused; nothing else is thrown", () => {
  expect(gptRead(randomBytes(mebibyte), block)).toBeUndefined();
  expect(gptRead(Buffer.alloc(0), block)).toBeUndefined();
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 600 }), (garbage) => {
      const bytes = Buffer.concat([Buffer.alloc(block), Buffer.from("EFI PART"), garbage]);
      expect(() => gptRead(bytes, block)).toThrow(/GPT\) is damaged/u);
    }),
  );
});
