import { appendFile, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitFor } from "../../test/support/wait.ts";
import { systemClock } from "../lib/clock.ts";
import { consoleShow, plain } from "./console.ts";
import { consoleFile, labMachineCreate } from "./directory.ts";
import { labMachineMake } from "./machine.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-console-"));
  const shape = {
    firmware: "bios",
    disk: "virtio",
    disks: 1,
    diskBytes: 1 << 20,
    nics: 1,
    memoryMiB: 256,
    cpus: 1,
  } as const;
  await labMachineCreate(directory, labMachineMake("one", shape), undefined);
});
afterEach(async () => await rm(directory, { recursive: true, force: true }));

async function shown(lines?: number): Promise<string> {
  let text = "";
  await consoleShow(directory, "one", {
    lines,
    follow: false,
    write: (more) => (text += more),
    clock: systemClock,
    signal: new AbortController().signal,
  });
  return text;
}

test("what a terminal would be told is left out", () => {
  expect(plain("\u001b[=3h\u001b[2J\u001b[01;01H\u001b[0m\u001b[37mBoot\u001b[0m\r\n\u0007\tä\n")).toBe("Boot\n\tä\n");
});

test("all of it, or the last lines", async () => {
  expect(await shown()).toBe("");
  await writeFile(consoleFile(directory, "one"), "a\r\nb\nc\n");
  expect(await shown()).toBe("a\nb\nc\n");
  expect(await shown(1)).toBe("c\n");
  expect(await shown(2)).toBe("b\nc\n");
  expect(await shown(9)).toBe("a\nb\nc\n");
  await writeFile(consoleFile(directory, "one"), `${"x".repeat(200_000)}\nlast`);
  expect(await shown(1)).toBe("last");
});

test("what comes, until told to stop", async () => {
  await writeFile(consoleFile(directory, "one"), "a\n");
  const stop = new AbortController();
  let text = "";
  const following = consoleShow(directory, "one", {
    lines: undefined,
    follow: true,
    write: (more) => (text += more),
    clock: systemClock,
    signal: stop.signal,
  });
  await waitFor("the first line", () => text === "a\n");
  await appendFile(consoleFile(directory, "one"), "b\n");
  await waitFor("the second", () => text === "a\nb\n");
  stop.abort();
  await following;
});

test("no other file is shown in its place, and no other machine's", async () => {
  await symlink("/etc/hostname", consoleFile(directory, "one"));
  await expect(shown()).rejects.toThrow(/ELOOP/u);
  await expect(
    consoleShow(directory, "../one", {
      lines: undefined,
      follow: false,
      write: () => undefined,
      clock: systemClock,
      signal: new AbortController().signal,
    }),
  ).rejects.toThrow(/there is no lab machine/u);
});
