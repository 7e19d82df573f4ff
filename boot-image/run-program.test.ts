import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { debianImageBuild } from "./os-image/debian.ts";
import { tinyImageBuild } from "./os-image/tiny.ts";
import { runFile, runBuildProgram } from "./run-program.ts";

test("a program's output, and its last words where it fails", async () => {
  expect(await runBuildProgram("sh", ["-c", 'echo "$LC_ALL"'])).toBe("C\n");
  const failing = 'for i in 1 2 3 4 5 6; do echo "line $i" >&2; done; exit 3';
  await expect(runBuildProgram("sh", ["-c", failing])).rejects.toMatchObject({
    code: "program_failed",
    message: "sh -c failed: line 2; line 3; line 4; line 5; line 6",
  });
});

test("a program that is not there: the package to install", async () => {
  await expect(runFile("/nowhere/x", [], { missing: "install x" })).rejects.toMatchObject({
    code: "program_missing",
    message: "/nowhere/x is not installed: install x",
  });
});

test("on a host without them, the images name the first program that they need", async (context) => {
  context.skip(process.arch !== "x64", "images are built on x86-64");
  const folder = await mkdtemp(join(tmpdir(), "farrier-missing-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  vi.stubEnv("PATH", "/nowhere");
  const place = { out: join(folder, "image"), cache: join(folder, "cache"), tell: () => {} };
  await expect(tinyImageBuild({ ...place, firmware: "uefi" })).rejects.toThrow(
    "apt-cache is not installed: on Debian, `apt install apt`",
  );
  await expect(debianImageBuild(place)).rejects.toThrow(
    "mmdebstrap is not installed: on Debian, `apt install mmdebstrap`",
  );
});
