import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { crc32, gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Compression } from "../../../../gen/farrier/agent/v1/image/image_pb.ts";
import type { InstallRig } from "../../../../test/support/install-rig.ts";
import { digestOf, hostProgram, installRig, programsMissing } from "../../../../test/support/install-rig.ts";

const mebibyte = 1 << 20;
const image = Buffer.concat([randomBytes(mebibyte), Buffer.alloc(6 * mebibyte, "abc"), randomBytes(777)]);
const missing = await programsMissing("xz");
const why = "xz is not installed: apt install xz-utils";

let rig: InstallRig;
beforeEach(async () => {
  rig = await installRig({ diskBytes: 24 * mebibyte });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rig[Symbol.asyncDispose]();
});

async function xz(bytes: Buffer, ...options: string[]): Promise<Buffer> {
  const path = join(rig.folder, "packed");
  await writeFile(path, bytes);
  await hostProgram("xz", "--keep", "--force", ...options, path);
  return readFile(`${path}.xz`);
}

const processesNamed = async (name: string): Promise<number> => {
  const { stdout } = await promisify(execFile)("ps", ["-o", "comm=", "--ppid", String(process.pid)]);
  return stdout.split("\n").filter((line) => line.trim() === name).length;
};

describe("xz", () => {
  beforeEach((context) => context.skip(missing.length > 0, why));

  test.for([
    ["by its magic", Compression.UNSPECIFIED],
    ["as the request says", Compression.XZ],
  ] as const)("%s: the disk holds the image byte for byte", async ([_name, compression]) => {
    const packed = await xz(image, "-1");
    rig.serveBytes(packed);
    expect(await rig.install({ compression, readBack: true })).toEqual({ kind: "success" });
    expect((await rig.read(0, image.length)).equals(image)).toBe(true);
  });

  test("of several streams, as parallel packers make it", async () => {
    rig.serveBytes(Buffer.concat([await xz(image.subarray(0, 999), "-1"), await xz(image.subarray(999), "-1")]));
    expect(await rig.install()).toEqual({ kind: "success" });
    expect((await rig.read(0, image.length)).equals(image)).toBe(true);
  });

  test("that is cut short, altered or no xz at all is an error, and the next attempt succeeds", async () => {
    const packed = await xz(image, "-1");
    const altered = Buffer.from(packed);
    altered[mebibyte / 2] = (altered[mebibyte / 2] ?? 0) ^ 0xff;
    for (const [bytes, expected] of [
      [packed.subarray(0, -100), /unpacked as xz: .*Unexpected end of input/u],
      [altered, /unpacked as xz: .*corrupt/u],
      [randomBytes(2 * mebibyte), /unpacked as xz: .*not recognized/u],
    ] as const) {
      rig.serveBytes(bytes);
      expect(await rig.install({ compression: Compression.XZ })).toMatchObject({
        error: expect.stringMatching(expected),
      });
    }
    rig.serveBytes(packed);
    expect(await rig.install()).toEqual({ kind: "success" });
    expect(await processesNamed("xz")).toBe(0);
  });

  test("that wants more memory than it gets is told so", async () => {
    const packed = await xz(image, "-0");
    // The xz file format, 3.1: the block's header follows the stream's; its dictionary, a byte behind the filter's id and the
    // length of its properties, becomes one of 2 GiB.
    const header = packed.subarray(12, 12 + 4 * ((packed[12] ?? 0) + 1));
    header[header.indexOf(Buffer.from("2101", "hex")) + 2] = 38;
    header.writeUInt32LE(crc32(header.subarray(0, -4)), header.length - 4);
    rig.serveBytes(packed);
    expect(await rig.install()).toMatchObject({
      error: expect.stringMatching(/unpacked as xz: .*[Mm]emory usage limit/u),
    });
  });

  test("without the program says which package has it", async () => {
    rig.serveBytes(await xz(image, "-1"));
    vi.stubEnv("PATH", "/nowhere");
    const end = await rig.install();
    // Where xz lies in /usr/sbin or /sbin it is found all the same.
    expect(end).toMatchObject({
      error: expect.stringMatching(/(?:wipefs|xz) is missing: install the Debian package/u),
    });
  });

  test("whose beginning is refused, with more behind it, ends and leaves no program", async () => {
    // A qcow2 header of no version that there is.
    rig.serveBytes(await xz(Buffer.concat([Buffer.from("QFI\u00fb\u00ff\u00ff\u00ff\u00ff", "latin1"), image]), "-1"));
    expect(await rig.install()).toMatchObject({ error: expect.stringMatching(/qcow2/u) });
    expect(await processesNamed("xz")).toBe(0);
  });

  test("called off, its program is gone", async () => {
    const packed = await xz(image, "-1");
    rig.serve = (_request, response) => {
      response.writeHead(200, { "content-length": packed.length });
      response.write(packed.subarray(0, packed.length / 2));
    };
    const controller = new AbortController();
    const running = rig.install({ digest: digestOf(packed) }, { signal: controller.signal, limits: { idle: 60_000 } });
    await vi.waitFor(async () => expect(await processesNamed("xz")).toBe(1), { timeout: 60_000, interval: 20 });
    controller.abort(new Error("called off"));
    expect(await running).toMatchObject({ kind: "dropped" });
    expect(await processesNamed("xz")).toBe(0);
  });
});

describe("a bomb: more than the disk holds, from few bytes", () => {
  const bomb = Buffer.alloc(200 * mebibyte);
  test.for<[string, (bytes: Buffer) => Promise<Buffer>]>([
    ["gzip", (bytes) => Promise.resolve(gzipSync(bytes))],
    ["zstd", (bytes) => Promise.resolve(zstdCompressSync(bytes))],
    ["xz", (bytes) => xz(bytes, "-0")],
  ])("%s ends as soon as it is seen, and the next attempt succeeds", async ([name, pack], context) => {
    context.skip(name === "xz" && missing.length > 0, why);
    rig.serveBytes(await pack(bomb));
    expect(await rig.install()).toMatchObject({
      error: expect.stringMatching(
        /disk0 has 25165824 bytes, the image has more than \d+ bytes: choose a larger disk/u,
      ),
    });
    rig.serveBytes(image);
    expect(await rig.install()).toEqual({ kind: "success" });
  });
});
