// What stands behind packed data, and packed data that holds nothing: real packers' output through the whole installation.
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Compression } from "../../../../gen/farrier/agent/v1/image/image_pb.ts";
import { Phase } from "../../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { InstallRig } from "../../../../test/support/install-rig.ts";
import { digestOf, hostProgram, installRig, programsMissing } from "../../../../test/support/install-rig.ts";
import { decompressInto, packingOf } from "./decompress.ts";
import { packedMost } from "./packed-bounds.ts";

const mebibyte = 1 << 20;
const image = Buffer.concat([randomBytes(200_000), Buffer.alloc(200_000, "abc"), randomBytes(777)]);
const missing = await programsMissing("xz", "zstd");
let rig: InstallRig;
beforeEach(async () => {
  rig = await installRig({ diskBytes: 8 * mebibyte });
});
afterEach(() => rig[Symbol.asyncDispose]());

async function pack(name: "xz" | "zstd", bytes: Buffer, ...options: string[]): Promise<Buffer> {
  const path = join(rig.folder, "packed");
  await writeFile(path, bytes);
  await hostProgram(name, "--keep", "--force", "--quiet", ...options, path);
  return readFile(`${path}.${name === "xz" ? "xz" : "zst"}`);
}

const packers: [string, (bytes: Buffer) => Promise<Buffer>][] = [
  ["gzip", (bytes) => Promise.resolve(gzipSync(bytes))],
  ["zstd", (bytes) => Promise.resolve(zstdCompressSync(bytes))],
  ["zstd without its size, with a checksum", (bytes) => pack("zstd", bytes, "--no-content-size", "--check")],
  ["xz", (bytes) => pack("xz", bytes, "-0")],
  ["xz of several blocks", (bytes) => pack("xz", bytes, "-0", "--block-size=100KiB", "--check=sha256")],
  ["xz with a filter", (bytes) => pack("xz", bytes, "--x86", "--lzma2=preset=0", "--check=none")],
];

/** What a file unpacks to, and how much of it was seen. */
async function unpack(pieces: Buffer[]): Promise<{ bytes: Buffer; seen: number }> {
  const chunks: Buffer[] = [];
  let seen = 0;
  async function* source(): AsyncGenerator<Buffer> {
    yield* pieces;
  }
  const sink = async (unpacked: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of unpacked) {
      chunks.push(Buffer.from(chunk));
    }
  };
  const packing = packingOf(Compression.UNSPECIFIED, pieces[0] ?? Buffer.alloc(0));
  await decompressInto(source(), packing, sink, (piece) => (seen += piece.length));
  return { bytes: Buffer.concat(chunks), seen };
}

describe.each(packers)("%s", (_name, pack1) => {
  beforeEach((context) => context.skip(missing.length > 0, `missing on this host: ${missing.join(", ")}`));

  test.each([1, 3, 512, 4 * mebibyte])("I6: %i NULs behind it are ignored", async (nuls) => {
    const packed = await pack1(image);
    const file = Buffer.concat([packed, Buffer.alloc(nuls)]);
    for (const cut of [packed.length + nuls, packed.length, packed.length - 1, 40]) {
      const { bytes, seen } = await unpack([file.subarray(0, cut), file.subarray(cut)]);
      expect(bytes.equals(image)).toBe(true);
      expect(seen).toBe(file.length);
    }
  });

  test.each<[string, Buffer]>([
    ["text", Buffer.from("junkjunk\n")],
    ["one byte", Buffer.from("j")],
    ["much", randomBytes(3 * mebibyte).fill(7, 0, 9)],
    ["NULs and text", Buffer.concat([Buffer.alloc(100_000), Buffer.from("junk")])],
    ["NULs and more of the same", Buffer.concat([Buffer.alloc(1001), gzipSync("more")])],
  ])("I6: anything else behind it is said: %s", async (_what, behind) => {
    const packed = await pack1(image);
    const expected = /more bytes follow after the packed image's end/u;
    await expect(unpack([Buffer.concat([packed, behind])])).rejects.toThrow(expected);
    await expect(unpack([packed, behind])).rejects.toThrow(expected);
  });

  test("I6: several of them are one image, wherever the pieces of a transfer end", async () => {
    const file = Buffer.concat([await pack1(image.subarray(0, 70_000)), await pack1(image.subarray(70_000))]);
    for (const size of [7919, 65_536, file.length]) {
      const pieces = Array.from({ length: Math.ceil(file.length / size) }, (_, at) =>
        file.subarray(at * size, (at + 1) * size),
      );
      expect((await unpack(pieces)).bytes.equals(image)).toBe(true);
    }
  });

  test("I6: cut short it is an error", async () => {
    const packed = await pack1(image);
    for (const cut of [1, 5, 20, 1000]) {
      await expect(unpack([packed.subarray(0, -cut)])).rejects.toThrow(/cannot be unpacked as/u);
    }
  });
});

test("I6: an image with NULs behind it is installed, and with anything else its beginning is not written", async () => {
  rig.serveBytes(Buffer.concat([gzipSync(image), Buffer.from("junk")]));
  expect(await rig.install()).toMatchObject({ error: expect.stringMatching(/more bytes follow/u) });
  expect((await rig.read(0, 4096)).equals(Buffer.alloc(4096))).toBe(true);
  rig.serveBytes(Buffer.concat([gzipSync(image), Buffer.alloc(4 * mebibyte)]));
  expect(await rig.install({ readBack: true })).toEqual({ kind: "success" });
  expect((await rig.read(0, image.length)).equals(image)).toBe(true);
});

describe("A11: packed data that holds nothing", () => {
  beforeEach((context) => context.skip(missing.length > 0, `missing on this host: ${missing.join(", ")}`));
  // An empty final block needs a new member: an empty, not final, stored block takes five bytes.
  const gzipOfNothing = Buffer.concat([
    Buffer.from("1f8b0800000000000003", "hex"),
    Buffer.alloc(60_000, "000000ffff", "hex"),
  ]);
  const skippable = Buffer.alloc(mebibyte);
  skippable.writeUInt32LE(0x184d_2a53, 0);
  skippable.writeUInt32LE(mebibyte - 8, 4);
  const emptyXz = Buffer.from("fd377a585a000004e6d6b446000000001cdf44211fb6f37d010000000004595a", "hex");
  test.each<[string, Buffer, Buffer]>([
    ["gzip of empty blocks", gzipOfNothing, Buffer.alloc(60_000, "000000ffff", "hex")],
    ["zstd frames to be skipped", skippable, skippable],
    ["empty zstd frames", zstdCompressSync(""), zstdCompressSync("")],
    ["empty xz streams", emptyXz, emptyXz],
  ])(
    "%s ends after 64 MiB",
    async (_name, first, again) => {
      await using large = await installRig({ diskBytes: 1 << 30 });
      const piece = Buffer.concat(Array.from({ length: Math.ceil(mebibyte / again.length) }, () => again));
      let sent = 0;
      large.serve = (_request, response) => {
        response.writeHead(200);
        response.write(first);
        const more = (error?: Error | null): void => {
          sent += piece.length;
          if (!error) {
            response.write(piece, more);
          }
        };
        more();
      };
      expect(await large.install({ digest: digestOf(first) })).toMatchObject({
        error: expect.stringMatching(/64 MiB of the packed image contain no data/u),
      });
      expect(sent).toBeLessThan(100 * mebibyte);
      expect(large.phases).toEqual([Phase.SELECTING_DISK]);
    },
    60_000,
  );

  test("a packed file larger than the disk can want is refused before anything is written", async () => {
    const most = Number(packedMost(BigInt(8 * mebibyte)));
    expect(most).toBe(8 * mebibyte + mebibyte / 2 + mebibyte);
    rig.serve = (_request, response) => {
      response.writeHead(200, { "content-length": most + 1 });
      response.write(gzipSync(image));
    };
    expect(await rig.install({ digest: digestOf(image) })).toMatchObject({
      error: expect.stringMatching(/packed image has \d+ bytes or more, and the disk has 8388608/u),
    });
    expect(rig.phases).toEqual([Phase.SELECTING_DISK]);
  });

  test("a packed file that does not say its length ends there too", async () => {
    const endless = gzipSync(image);
    let sent = 0;
    rig.serve = (_request, response) => {
      response.writeHead(200);
      const more = (error?: Error | null): void => {
        sent += mebibyte;
        if (!error) {
          response.write(Buffer.alloc(mebibyte), more);
        }
      };
      response.write(endless, more);
    };
    expect(await rig.install({ digest: digestOf(image) })).toMatchObject({
      error: expect.stringMatching(/packed image has \d+ bytes or more, and the disk has 8388608/u),
    });
    expect(sent).toBeLessThan(40 * mebibyte);
  });
});

test("zstd with a window beyond 128 MiB: said, with what to do", async (context) => {
  context.skip(missing.length > 0, `missing on this host: ${missing.join(", ")}`);
  // By hand: zstd takes a smaller window for an input whose size it knows. RFC 8878, 3.1.1.1.2: an exponent of 20.
  rig.serveBytes(Buffer.concat([Buffer.from("28b52ffd04a0", "hex"), randomBytes(5000)]));
  expect(await rig.install()).toMatchObject({
    kind: "error",
    error: expect.stringMatching(/window of 1024 MiB.*zstd --long=27 or less/u),
  });
  expect(rig.phases).toEqual([Phase.SELECTING_DISK]);
});
