import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fatImage } from "./fat.ts";
import type { FatFile } from "./fat.ts";
import { programEnvironment } from "../../disk/program.ts";

const bytes = 8 << 20;
let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fat-"));
  path = join(folder, "fat");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, ...args: string[]): Promise<Buffer> {
  const options = {
    env: { ...programEnvironment(), MTOOLS_SKIP_CHECK: "1" },
    encoding: "buffer",
    maxBuffer: 16 << 20,
  } as const;
  return (await promisify(execFile)(name, args, options)).stdout;
}

const there = await Promise.all([
  program("fsck.vfat", "--help"),
  program("mdir", "--version"),
  program("blkid", "-V"),
]).then(
  () => true,
  () => false,
);

const make = (files: readonly FatFile[], sectorBytes: number): Buffer =>
  fatImage({ bytes, sectorBytes, label: "CIDATA", serial: 0x1234_5678, files });

describe.each([512, 4096])("a FAT with sectors of %i bytes", (sectorBytes) => {
  test("holds its files, as fsck, mtools and blkid see it", async (context) => {
    context.skip(!there, "fsck.vfat or mtools are not installed: apt install dosfstools mtools");
    const names = ["user-data", "meta-data", "network-config"];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 300_000 }), { minLength: 1, maxLength: 3 }),
        async (sizes) => {
          const files = sizes.map((size, index) => ({ name: names[index] ?? "", data: randomBytes(size) }));
          await writeFile(path, make(files, sectorBytes));
          await program("fsck.vfat", "-n", path);
          expect((await program("blkid", "-p", path)).toString()).toMatch(
            /LABEL="CIDATA".*UUID="1234-5678".*TYPE="vfat"/u,
          );
          for (const { name, data } of files) {
            expect((await program("mtype", "-i", path, `::${name}`)).equals(data)).toBe(true);
          }
        },
      ),
      { numRuns: 8, examples: [[[4096, 0, 8192]], [[1]]] },
    );
  });
});

test("what does not fit is refused", () => {
  expect(() => make([{ name: "user-data", data: new Uint8Array(bytes) }], 512)).toThrow(/do not fit/u);
});

test("the same files give the same bytes", () => {
  const files = [{ name: "meta-data", data: Buffer.from("instance-id: x\n") }];
  expect(make(files, 512).equals(make(files, 512))).toBe(true);
});
