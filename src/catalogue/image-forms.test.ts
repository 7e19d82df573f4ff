// Each form that an image comes in: cut short, with bytes behind it, and larger than is allowed.
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { imageServer, type ImageServer } from "../../test/support/image-server.ts";
import { hostProgram, programsMissing, quickLimits } from "../../test/support/install-rig.ts";
import { createLogger } from "../lib/log.ts";
import { imageProcess, imageProcessLimits, type FetchedImage } from "./image-process.ts";

const log = createLogger({ level: "silent", component: "test" });
const mebibyte = 1 << 20;
const most = 16 * mebibyte;
const lacking = await programsMissing("xz", "qemu-img");
let folder: string;
let server: ImageServer;
/** A disk of 2 MiB whose one partition reaches to its end, with something at its end. */
const disk = biosDisk();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-image-forms-"));
  server = await imageServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
beforeEach((context) => {
  context.skip(lacking.length > 0, `missing on this host: ${lacking.join(", ")} (Debian: xz-utils, qemu-utils)`);
});

function biosDisk(): Buffer {
  const bytes = Buffer.alloc(2 * mebibyte);
  bytes.write("eb6390", 0, "hex");
  bytes.set([0x80, 0, 0, 0, 0x83, 0, 0, 0], 446);
  bytes.writeUInt32LE(2048, 454);
  bytes.writeUInt32LE(2048, 458);
  bytes.writeUInt16LE(0xaa55, 510);
  // Not to be packed to nothing.
  randomBytes(mebibyte).copy(bytes, mebibyte);
  return bytes;
}

/** Each form, by its name: how a disk is brought into it. */
const forms: Readonly<Record<string, (raw: Buffer) => Promise<Buffer>>> = {
  raw: (raw) => Promise.resolve(raw),
  gzip: (raw) => Promise.resolve(gzipSync(raw)),
  zstd: (raw) => Promise.resolve(zstdCompressSync(raw)),
  xz: (raw) => programOutput(raw, "xz", "-1", "--keep", "--force", "IN"),
  "qcow2 packed with deflate": (raw) => qcow2(raw, "-c"),
  "qcow2 packed with zstd": (raw) => qcow2(raw, "-c", "-o", "compression_type=zstd"),
  "qcow2 of version 2": (raw) => qcow2(raw, "-o", "compat=0.10"),
  "qcow2 in gzip": async (raw) => gzipSync(await qcow2(raw)),
};
const packed = ["gzip", "zstd", "xz", "qcow2 in gzip"];

const qcow2 = (raw: Buffer, ...options: string[]): Promise<Buffer> =>
  programOutput(raw, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", ...options, "IN", "IN.xz");

async function programOutput(input: Buffer, program: string, ...args: string[]): Promise<Buffer> {
  const path = join(folder, "in");
  await writeFile(path, input);
  await hostProgram(program, ...args.map((argument) => argument.replace("IN", path)));
  return readFile(`${path}.xz`);
}

function fetched(bytes: Buffer, name: string): Promise<FetchedImage> {
  return imageProcess(
    {
      source: { format: 0, compression: 0, tokenHosts: [], url: server.serve(name.replaceAll(" ", "-"), bytes).url },
      guard: { loopbackAllowed: true, ownPorts: [] },
      rules: [],
      room: { packedBytes: most, unpackedBytes: most, diskShare: 0.25 },
      fetch: quickLimits,
    },
    {
      directory: join(folder, "job"),
      limits: imageProcessLimits,
      progress: () => {},
      log,
      signal: new AbortController().signal,
    },
  );
}

/** The result of fetching: the size of its disk, or why it was refused. */
async function outcome(bytes: Buffer, name: string): Promise<{ unpackedBytes?: number; code?: string; text?: string }> {
  try {
    await using image = await fetched(bytes, name);
    return { unpackedBytes: image.facts.unpackedBytes };
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, text: message };
  }
}

describe.each(Object.keys(forms))("%s", (name) => {
  const form = forms[name] ?? (() => Promise.reject(new Error(name)));
  const isPacked = packed.includes(name);

  test("whole, it is taken", async () => {
    expect(await outcome(await form(disk), name)).toEqual({ unpackedBytes: disk.length });
  });

  test("cut short, in its middle or by a few bytes, it is refused", async () => {
    const bytes = await form(disk);
    // qcow2 may end within its last cluster.
    const short = name.startsWith("qcow2") && !isPacked ? 128 << 10 : 7;
    for (const length of [bytes.length >> 1, bytes.length - short]) {
      expect(await outcome(bytes.subarray(0, length), name)).toEqual({
        code: "unusable",
        text: expect.stringMatching(/cut short|cannot be unpacked|damaged/u),
      });
    }
  });

  test("with bytes behind it, it is refused where they would be lost", async () => {
    const bytes = Buffer.concat([await form(disk), Buffer.alloc(4096, "farrier")]);
    if (isPacked) {
      expect(await outcome(bytes, name)).toEqual({
        code: "unusable",
        text: expect.stringMatching(/more bytes follow after the packed image's end/u),
      });
    } else {
      // A raw disk has them behind its partitions; qcow2's tables name none of them.
      expect(await outcome(bytes, name)).toEqual({ unpackedBytes: disk.length + (name === "raw" ? 4096 : 0) });
    }
  });

  test("larger than is allowed, it is refused before it is written", async () => {
    const large = Buffer.alloc(most + mebibyte);
    disk.copy(large);
    const bytes = await form(large);
    expect(bytes.length).toBeLessThan(name === "raw" ? Number.POSITIVE_INFINITY : 4 * mebibyte);
    expect(await outcome(bytes, name)).toMatchObject({ code: "too_large" });
    expect(await readdir(folder)).not.toContain("job");
  });
});

describe("packed twice, or of another format", () => {
  test.each<[string, RegExp, (raw: Buffer) => Promise<Buffer>]>([
    ["gzip in gzip", /packed with gzip/u, async (raw) => gzipSync(gzipSync(raw))],
    ["zstd in gzip", /packed with zstd/u, async (raw) => gzipSync(zstdCompressSync(raw))],
    ["xz in zstd", /packed with xz/u, async (raw) => zstdCompressSync(await (forms["xz"] ?? fail)(raw))],
    ...["vmdk", "vhdx", "vpc", "vdi", "qed", "parallels", "qcow"].map(
      (format): [string, RegExp, (raw: Buffer) => Promise<Buffer>] => [
        format,
        new RegExp(`qemu-img convert -f ${format} -O qcow2`, "u"),
        (raw) => programOutput(raw, "qemu-img", "convert", "-f", "raw", "-O", format, "IN", "IN.xz"),
      ],
    ),
    [
      "a fixed VHD, which only its end shows",
      /a VHD disk/u,
      (raw) => programOutput(raw, "qemu-img", "convert", "-O", "vpc", "-o", "subformat=fixed", "IN", "IN.xz"),
    ],
  ])("%s is refused, with what to do", async (name, text, form) => {
    expect(await outcome(await form(disk), name)).toEqual({ code: "unusable", text: expect.stringMatching(text) });
  });
});

function fail(): never {
  throw new Error("there is no such form");
}
