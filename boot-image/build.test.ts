import { createHash } from "node:crypto";
import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bootImage, bootImageMissing } from "../test/support/boot-image.ts";
import { bootImageBuild, type BootImageOptions } from "./build.ts";
import { firmwareEntries } from "./firmware.ts";
import { dependenciesRead, moduleClosure } from "./kernel-modules.ts";
import type { BootImageManifest } from "./manifest.ts";
import { modulesWanted } from "./module-lists.ts";

const megabyte = 1e6;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-build-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function options(more: Partial<BootImageOptions>): BootImageOptions {
  return {
    drivers: "lab",
    out: join(folder, "out"),
    packages: undefined,
    firmware: [],
    cache: join(folder, "cache"),
    node: process.execPath,
    tell: () => {},
    ...more,
  };
}

const digestOf = async (path: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex");

test(
  "the same packages make the same bytes; the manifest says what is there",
  { timeout: 300_000 },
  async (context) => {
    const missing = await bootImageMissing();
    context.skip(missing !== undefined, missing);
    const first = await bootImage();
    // The packages that apt fetched for the first image, as a folder.
    const cache = join(first, "..");
    const packages = join(folder, "packages");
    await mkdir(packages);
    const manifest = JSON.parse(await readFile(join(first, "manifest.json"), "utf8")) as BootImageManifest;
    const files = await readdir(join(cache, "packages"));
    for (const { name, version } of manifest.packages) {
      const file = files.find((each) => each.startsWith(`${name}_${version}_`)) ?? "";
      await link(join(cache, "packages", file), join(packages, file)).catch(async () => {
        await symlink(join(cache, "packages", file), join(packages, file));
      });
    }
    const told: string[] = [];
    const second = options({ packages, cache, tell: (text) => told.push(text) });
    const made = await bootImageBuild(second);
    expect(made).toEqual(manifest);
    for (const name of ["vmlinuz", "initramfs"] as const) {
      expect(await digestOf(join(second.out, name))).toBe(manifest.sha256[name]);
      expect((await stat(join(second.out, name))).size).toBe(manifest.sizes[name]);
    }
    expect(made).toMatchObject({ architecture: "x86_64", drivers: "lab", node: process.version });
    expect(made.sizes.initramfs).toBeLessThan(55 * megabyte);
    // An appended archive begins where the kernel looks for one.
    expect(made.sizes.initramfs % 4).toBe(0);
    expect((await stat(join(second.out, "initramfs"))).mode & 0o777).toBe(0o644);

    await bootImageBuild(second);
    expect(told.at(-1)).toBe("nothing has changed since it was built");
    // A truncated image is built again.
    await truncate(join(second.out, "initramfs"), 1000);
    await bootImageBuild(second);
    expect(await digestOf(join(second.out, "initramfs"))).toBe(manifest.sha256.initramfs);
  },
);

test(
  "the archive is whole: the first process, its console, Node, and the agent",
  { timeout: 300_000 },
  async (context) => {
    const missing = await bootImageMissing();
    context.skip(missing !== undefined, missing);
    const bytes = await readFile(join(await bootImage(), "initramfs"));
    // Two zstd frames, each at the beginning of a block.
    const magic = Buffer.from("28b52ffd", "hex");
    const second = Array.from({ length: bytes.length / 512 - 1 }, (_, index) => (index + 1) * 512).find((at) =>
      bytes.subarray(at, at + 4).equals(magic),
    );
    const names = [bytes.subarray(0, second), bytes.subarray(second)].flatMap((part) => {
      const archive = zstdDecompressSync(part).toString("latin1");
      return [...archive.matchAll(/070701[0-9a-f]{104}(?<name>[^\0]+)\0/gu)].map(({ groups }) => groups?.["name"]);
    });
    for (const name of ["init", "dev/console", "opt/farrier/node", "opt/farrier/agent.mjs", "sbin/modprobe"]) {
      expect(names).toContain(name);
    }
    expect(names.filter((name) => name?.endsWith("/virtio_net.ko"))).toHaveLength(1);
  },
);

describe("what cannot be built", () => {
  test("a folder without packages", async () => {
    await expect(bootImageBuild(options({ packages: folder }))).rejects.toThrow(/there is no \.deb file in/u);
  });

  test("what is no package", async () => {
    await writeFile(join(folder, "linux-image-6.1.0-1-amd64_1_amd64.deb"), "<html>");
    await expect(bootImageBuild(options({ packages: folder }))).rejects.toThrow(/dpkg-deb .*failed/u);
  });

  test("a package of firmware that holds none", async () => {
    const unpacked = { name: "firmware-x", version: "1", sha256: "", root: folder };
    await expect(firmwareEntries([unpacked])).rejects.toThrow(/firmware-x holds no firmware/u);
    await mkdir(join(folder, "lib/firmware/x"), { recursive: true });
    await writeFile(join(folder, "lib/firmware/x/a.bin"), "a");
    await symlink("x/a.bin", join(folder, "lib/firmware/b.bin"));
    const entries = await firmwareEntries([unpacked]);
    expect(entries.map(({ kind, path }) => `${kind} ${path}`).toSorted()).toEqual([
      "file lib/firmware/x/a.bin",
      "symlink lib/firmware/b.bin",
    ]);
  });
});

test("a module comes with all that it needs, and what they need", () => {
  const dependencies = dependenciesRead("a.ko: b.ko c.ko\nb.ko: d.ko\nc.ko:\nd.ko: b.ko\ne.ko:\n\n");
  expect(moduleClosure(["a.ko"], dependencies)).toEqual(["a.ko", "b.ko", "c.ko", "d.ko"]);
  expect(moduleClosure([], dependencies)).toEqual([]);
});

test("the set `all` takes drivers of real hardware, of storage and networks", () => {
  const paths = [
    "kernel/drivers/net/virtio_net.ko",
    "kernel/drivers/net/ethernet/broadcom/bnx2x/bnx2x.ko",
    "kernel/drivers/scsi/megaraid/megaraid_sas.ko.xz",
    "kernel/drivers/scsi/scsi_debug.ko",
    "kernel/drivers/block/nbd.ko",
    "kernel/drivers/gpu/drm/i915/i915.ko",
  ];
  expect(modulesWanted("all", paths)).toEqual(paths.slice(0, 3));
  expect(modulesWanted("lab", paths)).toEqual(paths.slice(0, 1));
});
