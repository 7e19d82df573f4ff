import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { processGroup } from "../support/process-group.ts";
import { waitFor } from "../support/wait.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

let directory: string;
let tarball: string;
let packed: string[];

// As a user gets it: packed, then installed in a project of its own by the ordinary client.
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-package-"));
  await run("npm", ["pack", "--silent", "--pack-destination", directory], { cwd: root });
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  tarball = join(directory, `farrier-${version}.tgz`);
  packed = (await run("tar", ["-tzf", tarball])).stdout.trim().split("\n");
  await mkdir(join(directory, "project"));
  await writeFile(join(directory, "project/package.json"), JSON.stringify({ private: true }));
  const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--silent"];
  await run("npm", ["install", ...flags, tarball], { cwd: join(directory, "project") });
}, 300_000);

afterAll(async () => {
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
});

test("it holds what runs, the documents and the licence; no tests, no TypeScript, no source maps", () => {
  for (const file of [
    "bin/farrier.js",
    "dist/src/main/farrier.js",
    "dist/src/database/migrations/0001_machines.up.sql",
    "dist/boot-image/agent.mjs",
    "dist/boot-image/files/init.sh",
    // Started by their URLs, so that no import leads to them.
    "dist/src/catalogue/child/image-child.js",
    "dist/src/profiles/template-worker.js",
    "dist/src/providers/inventory/inventory-thread.js",
  ]) {
    expect(packed).toContain(`package/${file}`);
  }
  for (const file of ["LICENSE", "README.md", "CHANGELOG.md", "docs/operations.md"]) {
    expect(packed).toContain(`package/${file}`);
  }
  expect(packed.filter((file) => /\.(?:ts|map)$|\.test\./u.test(file))).toEqual([]);
});

test("farrier --version says the package's version", async () => {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  const { stdout } = await run(join(directory, "project/node_modules/.bin/farrier"), ["--version"]);
  expect(stdout.trim()).toBe(version);
});

test("farrier up serves, commands reach it, and it stops when told to", { timeout: 300_000 }, async () => {
  const cwd = join(directory, "project");
  const addresses = "--agents 127.0.0.1:0 --operators 127.0.0.1:0";
  await using up = processGroup(`exec node_modules/.bin/farrier up ${addresses}`, { cwd });
  await waitFor("the line `ready`, or the end", () => /^ready: /mu.test(up.output) || !up.running, {
    timeoutMs: 60_000,
  });
  expect(up.output).toMatch(/^ready: /mu);
  const farrier = join(cwd, "node_modules/.bin/farrier");
  const added = await run(farrier, ["machine", "add", "--provider", "static", "--provider-id", "1"], { cwd });
  const { stdout } = await run(farrier, ["machine", "list", "--json"], { cwd });
  expect(stdout).toContain(added.stdout.trim());
  up.signal("SIGTERM");
  expect(await up.ended).toBe(0);
});

test("A16: the container's last stage installs what was locked, and farrier runs there", async () => {
  const stages = (await readFile(join(root, "deploy/Containerfile"), "utf8")).split(/^FROM /mu);
  const [install = ""] = /npm ci [^&\n]*/u.exec(stages.at(-1) ?? "") ?? [];
  expect(install).toContain("--omit=dev");
  expect(stages.at(-1)).not.toMatch(/npm (?:install|i|add|update)\b/u);

  const place = join(directory, "container");
  await mkdir(place);
  await run("tar", ["-xzf", tarball, "--strip-components=1", "-C", place, "package/bin", "package/dist"]);
  for (const file of ["package.json", "package-lock.json", ".npmrc"]) {
    await copyFile(join(root, file), join(place, file));
  }
  await run("sh", ["-c", `${install} --prefer-offline --silent`], { cwd: place });
  const locked = await packagesIn(join(place, "package-lock.json"));
  const installed = await packagesIn(join(place, "node_modules/.package-lock.json"));
  expect(installed.size).toBeGreaterThan(10);
  for (const [path, { version, integrity, dev }] of installed) {
    expect([path, version, integrity, dev]).toEqual([
      path,
      locked.get(path)?.version,
      locked.get(path)?.integrity,
      undefined,
    ]);
  }
  // All that it imports is there.
  await run(process.execPath, [join(place, "bin/farrier.js"), "server", "--help"]);
  const { stdout } = await run(process.execPath, [join(place, "bin/farrier.js"), "--version"]);
  expect(`farrier-${stdout.trim()}.tgz`).toBe(tarball.split("/").at(-1));
});

interface LockedPackage {
  version?: string;
  integrity?: string;
  dev?: boolean;
}

/** What a lock file has, by path; without the project itself. */
async function packagesIn(lockFile: string): Promise<Map<string, LockedPackage>> {
  const { packages } = JSON.parse(await readFile(lockFile, "utf8")) as { packages: Record<string, LockedPackage> };
  return new Map(Object.entries(packages).filter(([path]) => path !== ""));
}
