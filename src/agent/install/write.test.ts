import { randomBytes } from "node:crypto";
import { mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BlockDeviceSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import type { Disk } from "../disk/disks.ts";
import { diskFileOpen } from "../disk/disk-file.ts";
import { diskOpen } from "./write.ts";
import { isZero } from "../disk/zero.ts";

const mebibyte = 1 << 20;
const { signal } = new AbortController();
let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "write-"));
  path = join(folder, "disk");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function diskOf(bytes: Buffer): Promise<Disk> {
  await writeFile(path, bytes);
  const device = create(BlockDeviceSchema, { name: "disk", capacityBytes: BigInt(bytes.length) });
  return { device, path, kind: "file" };
}

/** Bytes as images have them: runs of data and of zeros, of sizes around the writer's own. */
const images = fc
  .array(
    fc.record({
      zero: fc.boolean(),
      length: fc.oneof(
        fc.integer({ min: 1, max: 5000 }),
        fc.constantFrom(4096, 256 << 10, 4 << 20),
        fc.integer({ min: 1, max: 5 * mebibyte }),
      ),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((runs) => Buffer.concat(runs.map(({ zero, length }) => (zero ? Buffer.alloc(length) : randomBytes(length)))));

describe("whatever the chunks, the disk holds the image, and its own bytes behind it", () => {
  test.each([
    ["past the page cache", 0],
    ["through it", 1],
  ])("%s", async (_name, more) => {
    await fc.assert(
      fc.asyncProperty(
        images,
        fc.array(fc.integer({ min: 1, max: 3 * mebibyte }), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        fc.boolean(),
        async (image, cuts, skipZeros, empty) => {
          const size = Math.ceil(image.length / 4096) * 4096 + 4096 + more;
          const old = empty ? Buffer.alloc(size) : Buffer.alloc(size, "old!");
          const disk = await diskOf(old);
          {
            await using writer = await diskOpen(disk, { readBack: true });
            if (skipZeros) {
              writer.skipZeros();
            }
            for (let at = 0, cut = 0; at < image.length; cut += 1) {
              const length = cuts[cut % cuts.length] ?? 1;
              await writer.write(image.subarray(at, at + length));
              at += length;
            }
            await writer.finish();
            // Until it is sealed, nothing is there that could boot.
            const before = await readFile(path);
            expect(
              before
                .subarray(0, Math.min(image.length, 4 * mebibyte))
                .equals(Buffer.alloc(Math.min(image.length, 4 * mebibyte))),
            ).toBe(true);
            await writer.verify(signal);
            await writer.seal();
          }
          const after = await readFile(path);
          expect(after.subarray(0, image.length).equals(image)).toBe(true);
          expect(after.subarray(image.length).equals(old.subarray(image.length))).toBe(true);
        },
      ),
      { numRuns: 12 },
    );
  });
});

test("small reads and writes anywhere do what a plain file does", async () => {
  const size = 3 * mebibyte;
  const disk = await diskOf(Buffer.alloc(size, "old!"));
  const plain = Buffer.alloc(size, "old!");
  await using file = await diskFileOpen(disk);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: size - 1 }),
      fc.integer({ min: 0, max: 2 * mebibyte }),
      async (position, length) => {
        const bytes = randomBytes(Math.min(length, size - position));
        await file.write(bytes, position);
        bytes.copy(plain, position);
        const from = Math.max(0, position - 5000);
        expect((await file.read(length + 9000, from)).equals(plain.subarray(from, from + length + 9000))).toBe(true);
      },
    ),
    { numRuns: 25 },
  );
  expect((await readFile(path)).equals(plain)).toBe(true);
});

test("a disk that holds something else than was written is found out", async () => {
  const disk = await diskOf(Buffer.alloc(12 * mebibyte));
  await using writer = await diskOpen(disk, { readBack: true });
  await writer.write(randomBytes(9 * mebibyte));
  await writer.finish();
  await using other = await open(path, "r+");
  await other.write(Buffer.from("x"), 0, 1, 6 * mebibyte);
  await expect(writer.verify(signal)).rejects.toThrow(/does not hold what was written to it.*replace the disk/u);
});

test("zeros that are there already are not written: the file stays sparse", async () => {
  const disk = await diskOf(Buffer.alloc(0));
  await truncate(path, 64 * mebibyte);
  disk.device.capacityBytes = BigInt(64 * mebibyte);
  await using writer = await diskOpen(disk, { readBack: false });
  writer.skipZeros();
  await writer.write(Buffer.concat([randomBytes(mebibyte), Buffer.alloc(40 * mebibyte), randomBytes(mebibyte)]));
  await writer.finish();
  await writer.seal();
  await using file = await open(path);
  expect((await file.stat()).blocks * 512).toBeLessThan(8 * mebibyte);
});

test("zeros are told from other bytes, wherever these are", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 * mebibyte }), fc.nat(), (length, at) => {
      const bytes = Buffer.alloc(length);
      expect(isZero(bytes)).toBe(true);
      bytes[at % length] = 1;
      expect(isZero(bytes)).toBe(false);
    }),
    { numRuns: 50 },
  );
});
