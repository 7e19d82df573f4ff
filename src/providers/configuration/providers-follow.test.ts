import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { silent } from "../../../test/support/fleet.ts";
import { recordingLog } from "../../../test/support/recording-log.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import { authorityIssue, keyMake } from "../../lib/tls/issue.ts";
import { providersFollow } from "./providers-follow.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-providers-"));
  file = join(folder, "providers.yaml");
});
afterEach(() => rm(folder, { recursive: true }));

const providers = (...names: string[]): string =>
  `providers:\n${names.map((name) => `  - {name: ${name}, type: inventory, file: ${name}.csv}\n`).join("")}`;
const follow = (log: Logger = silent) =>
  providersFollow(file, {
    log,
    clock: systemClock,
    guard: () => Promise.reject(new Error("nothing is fetched here")),
    lab: () => Promise.reject(new Error("there is no lab here")),
  });

test("a new version is taken, by whatever way it comes; what is the same in it stays", async () => {
  await writeFile(file, providers("a", "b"));
  await using followed = await follow();
  const names = () => followed.current().providers.map(({ name }) => name);
  const [a] = followed.current().providers;
  expect(names()).toEqual(["a", "b"]);

  await writeFile(file, providers("a", "c"));
  await waitFor("the file was read", async () => names().join() === "a,c");
  expect(followed.current().providers[0]).toBe(a);

  // As editors and configuration management do.
  await writeFile(join(folder, ".providers.yaml.swp"), providers("a", "d"));
  await rename(join(folder, ".providers.yaml.swp"), file);
  await waitFor("the file was read", async () => names().join() === "a,d");

  // As Kubernetes does with the files of a ConfigMap.
  await mkdir(join(folder, "v2"));
  await writeFile(join(folder, "v2", "providers.yaml"), providers("e"));
  await symlink("v2/providers.yaml", join(folder, "next"));
  await rename(join(folder, "next"), file);
  await waitFor("the file was read", async () => names().join() === "e");
});

test("a version that is not in order is not taken, which is said once; nor does it matter that the file is away", async () => {
  await writeFile(file, providers("a"));
  const { log, count } = recordingLog();
  await using followed = await follow(log);
  const problem = () => followed.current().file.problem;
  await writeFile(file, "providers:\n  - {name: a, type: inventroy}\n");
  await waitFor("the file was read", async () => problem() !== undefined);
  expect(problem()).toContain(`${file}:2:21: type "inventroy" is not known`);
  expect(followed.current().providers.map(({ name }) => name)).toEqual(["a"]);
  await followed.reread();
  await followed.reread();
  expect(count(/not in order/u)).toBe(1);

  await rm(file);
  await waitFor("the file was read", async () => problem()?.includes("ENOENT") === true);
  expect(followed.current().providers).toHaveLength(1);
  await writeFile(file, providers("a"));
  await waitFor("the file was read", async () => problem() === undefined);
});

test("the same file that is back, and a file that it names and that was mended, are in order again", async () => {
  const text = providers("a").replace("file: a.csv", "url: https://x/a.csv, ca: ca.pem");
  const [ca, moved] = [join(folder, "ca.pem"), join(folder, "moved")];
  await writeFile(ca, authorityIssue(keyMake()).toString());
  await writeFile(file, text);
  await using followed = await follow();
  const problem = () => followed.current().file.problem;
  await rename(file, moved);
  await waitFor("the file was missed", async () => problem()?.includes("ENOENT") === true);
  await rename(moved, file);
  await waitFor("the file was read", async () => problem() === undefined);

  await rm(ca);
  await followed.reread();
  expect(problem()).toContain(`can't read ${ca} (ENOENT)`);
  await writeFile(ca, authorityIssue(keyMake()).toString());
  await waitFor("the file was read", async () => problem() === undefined);
});

test("what is no file, or has no end, is named, and holds up nobody", async () => {
  await promisify(execFile)("mkfifo", [file]);
  await expect(follow()).rejects.toThrow(`${file} is not a file: expected a file of providers`);
  await rm(file);
  await symlink("/dev/zero", file);
  await expect(follow()).rejects.toThrow(`${file} is not a file`);
  await rm(file);
  await writeFile(file, "#".repeat(1024 * 1024 + 1));
  await expect(follow()).rejects.toThrow(`${file} is longer than 1024 KiB`);
  await writeFile(file, providers("a").replace("file: a.csv", "url: https://x/a.csv, ca: pipe"));
  await promisify(execFile)("mkfifo", [join(folder, "pipe")]);
  await expect(follow()).rejects.toThrow(`provider a: ca: ${join(folder, "pipe")} is not a file`);
});

test("a file that is not in order at the start is an error with every line of it", async () => {
  await writeFile(file, "providers:\n  - {name: A, type: static}\n  - {name: b, typ: static}\n");
  await expect(follow()).rejects.toThrow(/:2:12: name: expected[^\n]*\n[^\n]*:3:5: has no type/u);
  await writeFile(file, providers("a").replace("file: a.csv", "url: https://x/a.csv, ca: no.pem"));
  await expect(follow()).rejects.toThrow(
    `provider a: ca: can't read ${join(folder, "no.pem")} (ENOENT): it does not exist`,
  );
  await rm(file);
  await expect(follow()).rejects.toThrow(`can't read ${file} (ENOENT)`);
  await mkdir(file);
  await expect(follow()).rejects.toThrow(`can't read ${file} (EISDIR)`);
});
