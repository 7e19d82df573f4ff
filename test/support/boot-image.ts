import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { bootImageBuild } from "../../boot-image/build.ts";
import { manifestRead } from "../../boot-image/manifest.ts";
import { mediumBuild } from "../../boot-image/medium/build.ts";
import { mediumRoots } from "../../boot-image/medium/packages.ts";
import type { Drivers } from "../../boot-image/packages.ts";
import { packagesFor } from "../../boot-image/packages-for.ts";
import { root } from "./repository.ts";

/** Why the boot image can't be built here; undefined = it can. */
export async function bootImageMissing(): Promise<string | undefined> {
  if (process.arch !== "x64") {
    return `this host is ${process.arch}, boot images are built on x86-64`;
  }
  for (const program of ["dpkg-deb", "apt-get"]) {
    if ((await said(program, ["--version"])) === undefined) {
      return `${program} is not installed: boot images are built from Debian packages`;
    }
  }
  const known = await said("apt-cache", ["depends", "linux-image-amd64"]);
  return known === undefined || !known.includes("Depends:")
    ? "apt knows no kernel linux-image-amd64: run `apt-get update` on a Debian"
    : undefined;
}

/** Why there is no QEMU to start here; undefined = there is one. */
export async function qemuMissing(): Promise<string | undefined> {
  return (await said("qemu-system-x86_64", ["--version"])) === undefined
    ? "qemu-system-x86_64 is not installed: on Debian, `apt install qemu-system-x86`"
    : undefined;
}

const built = new Map<Drivers, Promise<string>>();

/** The folder of a boot image of this checkout, drivers lab: built where it is not what it would be built as now. */
export function bootImage(): Promise<string> {
  return bootImageOf("lab");
}

/** The same, with these drivers. */
export function bootImageOf(drivers: Drivers): Promise<string> {
  const found = built.get(drivers) ?? build(drivers);
  built.set(drivers, found);
  return found;
}

/** Builds the boot medium of {@link bootImage} beside it. */
export async function bootMedium(): Promise<void> {
  const out = await bootImage();
  const image = await manifestRead(out);
  if (image === undefined) {
    throw new Error(`${out} has no boot image`);
  }
  const packages = await packagesFor({ packages: undefined, cache }, mediumRoots);
  const kernelArguments = "console=tty0 console=ttyS0,115200 no_timer_check panic=10";
  await mediumBuild({ out, image, packages, cache, kernelArguments, tell: () => {} });
}

const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "farrier");

async function build(drivers: Drivers): Promise<string> {
  // Each checkout has its own: tests of several may run at the same time.
  const checkout = createHash("sha256").update(root).digest("hex").slice(0, 12);
  const out = join(cache, `test-boot-image-${checkout}${drivers === "lab" ? "" : `-${drivers}`}`);
  await bootImageBuild({
    drivers,
    out,
    packages: undefined,
    firmware: [],
    cache,
    node: process.execPath,
    tell: () => {},
  });
  return out;
}

async function said(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await promisify(execFile)(program, [...args])).stdout;
  } catch {
    return undefined;
  }
}
