import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { InstallRig } from "../../../../test/support/install-rig.ts";
import { hostProgram, installRig, programsMissing } from "../../../../test/support/install-rig.ts";
import { AgentError } from "../../errors.ts";
import { qcow2Header } from "./qcow2-header.ts";
import { qcow2Read } from "./qcow2-read.ts";

const mebibyte = 1 << 20;
const missing = await programsMissing("qemu-img");
const why = "qemu-img is not installed: apt install qemu-utils";
// Holes, compressible and incompressible data, and an end within a cluster.
const raw = Buffer.concat([
  Buffer.alloc(mebibyte, "head"),
  Buffer.alloc(5 * mebibyte),
  randomBytes(3 * mebibyte),
  Buffer.alloc(2 * mebibyte, "text"),
  randomBytes(512 * 3),
]);

let rig: InstallRig;
beforeEach(async () => {
  rig = await installRig({ diskBytes: 40 * mebibyte });
});
afterEach(() => rig[Symbol.asyncDispose]());

async function qcow2(...options: string[]): Promise<Buffer> {
  const [from, to] = [join(rig.folder, "raw"), join(rig.folder, "qcow2")];
  await writeFile(from, raw);
  await hostProgram("qemu-img", "convert", "-f", "raw", "-O", "qcow2", ...options, from, to);
  return readFile(to);
}

describe("a qcow2 image", () => {
  test.for<[string, string[]]>([
    ["as it is by default", []],
    ["compressed", ["-c"]],
    ["compressed with zstd", ["-c", "-o", "compression_type=zstd"]],
    ["of version 2", ["-c", "-o", "compat=0.10"]],
    ["with clusters of 4 KiB", ["-o", "cluster_size=4k"]],
    ["with clusters of 2 MiB", ["-c", "-o", "cluster_size=2M"]],
  ])("%s is what the disk holds afterwards", async ([_name, options], context) => {
    context.skip(missing.length > 0, why);
    const bytes = await qcow2(...options);
    rig.serveBytes(bytes);
    expect(await rig.install({ readBack: true, sizeBytes: BigInt(raw.length) })).toEqual({ kind: "success" });
    expect((await rig.read(0, raw.length)).equals(raw)).toBe(true);
    // Nothing that looks like an image is left behind it.
    expect((await rig.read(0, 40 * mebibyte)).indexOf("QFI\xfb", 0, "latin1")).toBe(-1);
  });

  test("packed with gzip, and written to before, with its tables behind its data", async (context) => {
    context.skip(missing.length > 0, why);
    await qcow2();
    const path = join(rig.folder, "qcow2");
    await hostProgram("qemu-io", "-c", "write -P 7 6M 64k", "-c", "write -z 1M 1M", path);
    const expected = Buffer.from(raw);
    expected.fill(7, 6 * mebibyte, 6 * mebibyte + 65_536);
    expected.fill(0, mebibyte, 2 * mebibyte);
    rig.serveBytes(gzipSync(await readFile(path)));
    expect(await rig.install()).toEqual({ kind: "success" });
    expect((await rig.read(0, raw.length)).equals(expected)).toBe(true);
  });

  test.each<[string, (bytes: Buffer) => void, RegExp]>([
    [
      "a backing file",
      (bytes) => void bytes.writeBigUInt64BE(512n, 8),
      /needs another file, its backing file.*qemu-img convert/u,
    ],
    ["a data file", (bytes) => void bytes.writeBigUInt64BE(4n, 72), /needs another file, its data file/u],
    ["encryption", (bytes) => void bytes.writeUInt32BE(1, 32), /is encrypted/u],
    ["subclusters", (bytes) => void bytes.writeBigUInt64BE(16n, 72), /subclusters/u],
    ["features of the future", (bytes) => void bytes.writeBigUInt64BE(1n << 40n, 72), /does not know/u],
    ["a mark of corruption", (bytes) => void bytes.writeBigUInt64BE(2n, 72), /marked as corrupt/u],
    ["a disk too large", (bytes) => void bytes.writeBigUInt64BE(1n << 40n, 24), /first table|has 41943040 bytes/u],
    ["version 9", (bytes) => void bytes.writeUInt32BE(9, 4), /version 9/u],
  ])("with %s is refused before anything is written", async (_name, alter, expected) => {
    const head = Buffer.alloc(65_536);
    head.write("QFI\xfb", "latin1");
    head.writeUInt32BE(3, 4);
    head.writeUInt32BE(16, 20);
    head.writeBigUInt64BE(BigInt(mebibyte), 24);
    head.writeUInt32BE(1, 36);
    head.writeBigUInt64BE(65_536n, 40);
    head.writeUInt32BE(104, 100);
    alter(head);
    await writeFile(rig.disk, Buffer.alloc(40 * mebibyte, "old"));
    rig.serveBytes(head);
    expect(await rig.install()).toMatchObject({ error: expect.stringMatching(expected) });
    expect((await rig.read(0, 6)).toString()).toBe("oldold");
  });

  test.for<[string, string[], number]>([
    ["several clusters", [], 200_000],
    ["a cluster and a bit", [], 65_537],
    ["clusters of 4 KiB", ["-o", "cluster_size=4k"], 9000],
    ["packed clusters", ["-c"], 5000],
    ["nearly all", [], 11_000_000],
  ])("I4: whose file is cut short is damaged: by %s", async ([_name, options, cut], context) => {
    context.skip(missing.length > 0, why);
    const [from, to] = [join(rig.folder, "raw"), join(rig.folder, "qcow2")];
    // Hexadecimal digits can be packed to half their size.
    const data = options.includes("-c")
      ? Buffer.from(randomBytes(6 * mebibyte).toString("hex"))
      : randomBytes(12 * mebibyte);
    await writeFile(from, data);
    await hostProgram("qemu-img", "convert", "-f", "raw", "-O", "qcow2", ...options, from, to);
    const bytes = await readFile(to);
    rig.serveBytes(bytes.subarray(0, -cut));
    expect(await rig.install()).toMatchObject({
      error: expect.stringMatching(/qcow2 image is damaged: .*qemu-img check/u),
    });
    expect((await rig.read(0, 4096)).equals(Buffer.alloc(4096))).toBe(true);
  });

  test("that does not fit beside its own file is refused with what to do", async (context) => {
    context.skip(missing.length > 0, why);
    await using small = await installRig({ diskBytes: 13 * mebibyte });
    const bytes = await qcow2();
    small.serveBytes(bytes);
    expect(await small.install()).toMatchObject({
      error: expect.stringMatching(/takes, while it is converted.*raw image/u),
    });
    small.serveBytes(raw);
    expect(await small.install()).toEqual({ kind: "success" });
  });

  test("whose digest is wrong is never looked into", async (context) => {
    context.skip(missing.length > 0, why);
    rig.serveBytes(await qcow2());
    const end = await rig.install({ digest: `sha256:${"0".repeat(64)}` });
    expect(end).toMatchObject({ error: expect.stringMatching(/has the digest/u) });
    expect((await rig.read(0, 4 * mebibyte)).equals(Buffer.alloc(4 * mebibyte))).toBe(true);
  });
});

test("garbage is refused or read, and ends", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 0, maxLength: 4096 }),
      fc.integer({ min: 9, max: 12 }),
      fc.integer({ min: 1, max: 1 << 20 }),
      async (garbage, clusterBits, virtual) => {
        const bytes = Buffer.alloc(8192);
        bytes.write("QFI\xfb", "latin1");
        bytes.writeUInt32BE(2, 4);
        bytes.writeUInt32BE(clusterBits, 20);
        bytes.writeBigUInt64BE(BigInt(virtual), 24);
        bytes.writeUInt32BE(1 << 20, 36);
        bytes.writeBigUInt64BE(4096n, 40);
        bytes.set(garbage, 4096);
        const read = (length: number, position: number): Promise<Buffer> =>
          Promise.resolve(bytes.subarray(position, position + length));
        let total = 0;
        try {
          for await (const chunk of qcow2Read(qcow2Header(bytes), read, bytes.length)) {
            total += chunk.length;
          }
          expect(total).toBe(virtual);
        } catch (error) {
          expect(error).toBeInstanceOf(AgentError);
        }
        expect(total).toBeLessThanOrEqual(virtual);
      },
    ),
  );
});
