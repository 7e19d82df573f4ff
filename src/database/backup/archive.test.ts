import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { archiveRead, archiveWrite } from "./archive.ts";

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-archive-"));
  path = join(directory, "archive");
});
afterEach(() => rm(directory, { recursive: true }));

const big = randomBytes(3_000_000);
async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 70_001) {
    yield bytes.subarray(at, at + 70_001);
  }
}

async function write(): Promise<void> {
  await using archive = archiveWrite(path, "test 1");
  await archive.entry({ name: "none" }, []);
  await archive.entry({ name: "big" }, pieces(big));
  await archive.entry({ name: "small" }, [Buffer.from("a"), Buffer.from("b")]);
  await archive.finish();
}

async function read(title = "test 1"): Promise<[unknown, Buffer][]> {
  const found: [unknown, Buffer][] = [];
  for await (const { header, data } of archiveRead(path, title)) {
    const parts: Uint8Array[] = [];
    for await (const part of data) {
      parts.push(part);
    }
    found.push([header, Buffer.concat(parts)]);
  }
  return found;
}

test("what was written is read, and is this user's alone", async () => {
  await write();
  expect(await read()).toEqual([
    [{ name: "none" }, Buffer.alloc(0)],
    [{ name: "big" }, big],
    [{ name: "small" }, Buffer.from("ab")],
  ]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual(["archive"]);
});

test("an unfinished archive is not left behind, and an existing archive stays", async () => {
  await writeFile(path, "before");
  {
    await using archive = archiveWrite(path, "test 1");
    await archive.entry({ name: "big" }, pieces(big));
  }
  expect(await readdir(directory)).toEqual(["archive"]);
  expect(await readFile(path, "utf8")).toBe("before");
});

test("data that fails, fails the entry", async () => {
  await using archive = archiveWrite(path, "test 1");
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("a");
    throw new Error("no more");
  }
  await expect(archive.entry({}, failing())).rejects.toThrow("no more");
});

test("a folder that is not there is told", async () => {
  await using archive = archiveWrite(join(directory, "none", "archive"), "test 1");
  await expect(archive.entry({}, pieces(big)).then(() => archive.finish())).rejects.toThrow("ENOENT");
});

describe("a damaged one is told, at the latest in the end:", () => {
  test.each([0, 1, 100, 5_000, -1])("cut off at %i", async (at) => {
    await write();
    await writeFile(path, (await readFile(path)).subarray(0, at));
    await expect(read()).rejects.toMatchObject({ code: "damaged" });
  });

  test.each<[string, (text: Buffer) => Buffer]>([
    ["without its end", (text) => text.subarray(0, text.lastIndexOf("Z"))],
    ["with more after it", (text) => Buffer.concat([text, Buffer.from("x")])],
    ["with a changed byte", (text) => Buffer.from(text).fill(text.readUInt8(1_000_000) ^ 1, 1_000_000, 1_000_001)],
    [
      "with a record without end",
      (text) => Buffer.concat([text.subarray(0, 7), Buffer.from("H\xff\xff\xff\xff", "latin1")]),
    ],
    [
      "with a description that is none",
      (text) => Buffer.concat([text.subarray(0, 7), Buffer.from("H\0\0\0\x01{", "latin1")]),
    ],
    [
      "with data outside an entry",
      (text) => Buffer.concat([text.subarray(0, 7), Buffer.from("D\0\0\0\x01x", "latin1")]),
    ],
  ])("%s", async (_what, change) => {
    await write();
    await writeFile(path, zstdCompressSync(change(zstdDecompressSync(await readFile(path)))));
    await expect(read()).rejects.toMatchObject({ code: "damaged", message: expect.stringContaining(path) as string });
  });

  test("of another kind", async () => {
    await write();
    await expect(read("test 2")).rejects.toThrow('does not begin with "test 2"');
    await writeFile(path, "plain text, not packed at all");
    await expect(read()).rejects.toMatchObject({ code: "damaged" });
  });
});

test("A13: what somebody planted beside an archive, or in its place, gets none of it", async () => {
  const outside = join(directory, "outside");
  await writeFile(outside, "somebody's");
  await writeFile(`${path}.partial`, "planted");
  await chmod(`${path}.partial`, 0o666);
  await symlink(outside, `${path}.tmp`);
  await symlink(outside, path);
  await write();
  expect(await readFile(outside, "utf8")).toBe("somebody's");
  expect(await readFile(`${path}.partial`, "utf8")).toBe("planted");
  const made = await lstat(path);
  expect([made.isFile(), made.mode & 0o777]).toEqual([true, 0o600]);
  expect(await read()).toHaveLength(3);
});
