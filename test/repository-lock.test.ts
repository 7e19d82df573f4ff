import { readFile } from "node:fs/promises";
import { satisfies } from "semver";
import { expect, test } from "vitest";

interface LockEntry {
  version?: string;
  integrity?: string;
  link?: boolean;
  /** True for what comes inside the file of the package above it, whose checksum covers it. */
  inBundle?: boolean;
  engines?: { node?: string };
}

/** The oldest Node that a checkout may be installed with; see `devEngines` in package.json. */
const oldestNode = "20.20.2";

async function lockedPackages(): Promise<[path: string, entry: LockEntry][]> {
  const text = await readFile(new URL("../package-lock.json", import.meta.url), "utf8");
  const { packages } = JSON.parse(text) as { packages: Record<string, LockEntry> };
  // The entry without a name is the project itself.
  return Object.entries(packages).filter(([path, { link }]) => path !== "" && link !== true);
}

test("A16: every package in the lock file has a checksum", async () => {
  const packages = await lockedPackages();
  expect(packages.length).toBeGreaterThan(100);
  expect(
    packages.filter(([, { integrity, inBundle }]) => inBundle !== true && integrity?.startsWith("sha512-") !== true),
  ).toEqual([]);
});

test("no package in the lock file refuses Node 20, so that `npm ci` warns of nothing there", async () => {
  const refusing = (await lockedPackages()).filter(
    ([, { engines }]) => engines?.node !== undefined && !satisfies(oldestNode, engines.node),
  );
  expect(refusing.map(([path, { version, engines }]) => `${path}@${version}: ${engines?.node}`)).toEqual([]);
});

test("the project itself says Node 20 for a checkout, and for the package what it runs on", async () => {
  const text = await readFile(new URL("../package.json", import.meta.url), "utf8");
  const { devEngines, engines } = JSON.parse(text) as {
    devEngines: { runtime: { name: string; version: string } };
    engines: { node: string };
  };
  // npm asks `devEngines` of the folder it runs in, and `engines` of the project that installs the package.
  expect(devEngines.runtime.name).toBe("node");
  expect(satisfies(oldestNode, devEngines.runtime.version)).toBe(true);
  expect(satisfies(oldestNode, engines.node)).toBe(false);
});
