import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { cpioArchive, type CpioEntry } from "./cpio.ts";

const entries: CpioEntry[] = [
  { kind: "file", path: "init", mode: 0o755, data: Buffer.from("#!/bin/sh\n") },
  { kind: "device", path: "dev/console", mode: 0o600, major: 5, minor: 1 },
  { kind: "symlink", path: "bin/sh", target: "busybox" },
  { kind: "directory", path: "tmp", mode: 0o1777 },
  { kind: "file", path: "etc/farrier/boot.json", mode: 0o600, data: Buffer.from("{}") },
  { kind: "file", path: "bin/busybox", mode: 0o755, data: Buffer.alloc(5, 1) },
];

/** What an archive says, read as the kernel does. */
function read(archive: Buffer): { path: string; mode: number; owner: number[]; time: number; data: string }[] {
  const found = [];
  let offset = 0;
  for (;;) {
    expect(archive.toString("latin1", offset, offset + 6)).toBe("070701");
    const field = (index: number): number =>
      Number.parseInt(archive.toString("latin1", offset + 6 + index * 8, offset + 14 + index * 8), 16);
    const nameEnd = offset + 110 + field(11);
    const path = archive.toString("utf8", offset + 110, nameEnd - 1);
    if (path === "TRAILER!!!") {
      return found;
    }
    const dataStart = (nameEnd + 3) & ~3;
    const dataEnd = dataStart + field(6);
    found.push({
      path,
      mode: field(1),
      owner: [field(2), field(3)],
      time: field(5),
      data: field(1) >> 12 === 2 ? `${field(9)}:${field(10)}` : archive.toString("latin1", dataStart, dataEnd),
    });
    offset = (dataEnd + 3) & ~3;
  }
}

describe("cpioArchive", () => {
  test("holds what it was given, sorted, with the directories above, of nobody's time and user 0", () => {
    const found = read(cpioArchive(entries));
    expect(found.map(({ path, mode, data }) => [path, mode.toString(8), data])).toEqual([
      ["bin", "40755", ""],
      ["bin/busybox", "100755", "\u0001".repeat(5)],
      ["bin/sh", "120777", "busybox"],
      ["dev", "40755", ""],
      ["dev/console", "20600", "5:1"],
      ["etc", "40755", ""],
      ["etc/farrier", "40755", ""],
      ["etc/farrier/boot.json", "100600", "{}"],
      ["init", "100755", "#!/bin/sh\n"],
      ["tmp", "41777", ""],
    ]);
    expect(found.every(({ owner, time }) => owner.every((id) => id === 0) && time === 0)).toBe(true);
  });

  test("is the same whatever the order of its entries, and fills blocks of 512", () => {
    const archive = cpioArchive(entries);
    expect(cpioArchive(entries.toReversed())).toEqual(archive);
    expect(archive.length % 512).toBe(0);
    expect(read(cpioArchive([]))).toEqual([]);
  });

  test.for(["/etc", "etc/", "a//b", "../etc", "a/./b", "", "a\0b"])("refuses the path %j", (path) => {
    expect(() => cpioArchive([{ kind: "directory", path, mode: 0o755 }])).toThrow(/no path inside the root/u);
  });

  test("refuses a path that is there twice", () => {
    expect(() => cpioArchive([...entries, { kind: "symlink", path: "init", target: "x" }])).toThrow(/"init".*twice/u);
  });

  test("is read by cpio", async (context) => {
    const run = promisify(execFile);
    const there = await run("cpio", ["--version"]).catch(() => undefined);
    context.skip(there === undefined, "cpio is not installed: on Debian, `apt install cpio`");
    const folder = await mkdtemp(join(tmpdir(), "farrier-cpio-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "archive"), cpioArchive(entries));
    const { stdout } = await run("cpio", ["-t", "--quiet", "-F", join(folder, "archive")]);
    expect(stdout.trim().split("\n")).toEqual(read(cpioArchive(entries)).map(({ path }) => path));
  });
});
