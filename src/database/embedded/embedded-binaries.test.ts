import { chmod, cp, lstat, mkdir, mkdtemp, readdir, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createLogger } from "../../lib/log.ts";
import { binariesFrom } from "./embedded-binaries.ts";
import { packageCopy } from "./embedded-copy.ts";
import { type PostgresPackage, linksOf, packageFind, packageHydrate } from "./embedded-package.ts";
import { runUser } from "./embedded-user.ts";

const log = createLogger({ level: "silent", component: "test" });
const isRoot = process.getuid?.() === 0;

/** The real package, copied without its links into a directory that only we may enter, as below /root. */
let base: string;
let source: PostgresPackage;
let copies: string;
let count = 0;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "farrier-binaries-"));
  await chmod(base, 0o755);
  const real = await packageFind();
  const native = join(base, "closed/native");
  await mkdir(join(base, "closed"), { mode: 0o700 });
  await cp(real.native, native, {
    recursive: true,
    filter: async (path) => !path.endsWith(".a") && !(await lstat(path)).isSymbolicLink(),
  });
  source = { ...real, native };
});
afterAll(async () => await rm(base, { recursive: true, force: true }));
beforeEach(() => {
  count += 1;
  copies = join(base, `copies-${count}`);
});

describe("a package whose install script did not run", () => {
  test("gets its links, by several at once and again", async () => {
    expect(source.links.length).toBeGreaterThan(5);
    const hydrate = async (): Promise<boolean> => await packageHydrate(source.native, source.links);
    expect(await Promise.all([hydrate(), hydrate(), hydrate()])).toEqual([true, true, true]);
    expect(await hydrate()).toBe(true);
    const libpq = join(source.native, "lib/libpq.so.5");
    expect((await lstat(libpq)).isSymbolicLink()).toBe(true);
    const { major } = await binariesFrom(source, { user: undefined, copies: [], log });
    expect(major).toBe(18);
  });

  test("is told from a list that is none", () => {
    expect(linksOf({})).toEqual([]);
    expect(linksOf([3, { source: "native/lib/a.so.1", target: "native/lib/a.so" }])).toEqual([
      { path: "lib/a.so", target: "a.so.1" },
    ]);
  });
});

describe("a copy of the package", () => {
  test("is what another user runs when the checkout is closed to it", async (context) => {
    context.skip(!isRoot, "only root can run programs as another user");
    const user = await runUser(join(base, "no-data"), { log });
    expect(user?.uid).toBeGreaterThan(0);
    const { bin } = await binariesFrom(source, { user, copies: [copies], log });
    expect(bin.startsWith(copies)).toBe(true);
    const again = await binariesFrom(source, { user, copies: [copies], log });
    expect(again.bin).toBe(bin);
  });

  test("is made once by many at the same time, whole, and writable for nobody else", async () => {
    const bins = await Promise.all([1, 2, 3, 4].map(async () => await packageCopy(source, copies)));
    expect(new Set(bins).size).toBe(1);
    expect(await readdir(copies)).toHaveLength(1);
    const entries = await readdir(copies, { recursive: true, withFileTypes: true });
    const modes = await Promise.all(
      entries.filter((entry) => !entry.isSymbolicLink()).map((entry) => lstat(join(entry.parentPath, entry.name))),
    );
    expect(modes.filter(({ mode }) => (mode & 0o022) !== 0 || (mode & 0o044) !== 0o044)).toEqual([]);
  });

  test("is made again where a file of it is damaged", async () => {
    const bin = await packageCopy(source, copies);
    await truncate(join(bin, "postgres"), 0);
    expect(await packageCopy(source, copies)).toBe(bin);
    expect((await lstat(join(bin, "postgres"))).size).toBe((await lstat(join(source.native, "bin/postgres"))).size);
  });

  test("is not trusted where others may write", async () => {
    await mkdir(copies);
    await chmod(copies, 0o777);
    await expect(packageCopy(source, copies)).rejects.toMatchObject({ code: "binaries_unusable" });
    expect(await readdir(copies)).toEqual([]);
  });
});
