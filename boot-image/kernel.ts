import { join } from "node:path";
import { BuildError } from "./errors.ts";
import { kernelPackage } from "./packages.ts";
import type { Unpacked } from "./unpack.ts";

/** A kernel package. */
export interface Kernel {
  /** As `uname -r` prints it. */
  version: string;
  /** The unpacked package. */
  root: string;
  /** Path of the bootable file. */
  image: string;
}

/** The one kernel among these packages. @throws {BuildError} `packages` if there is none, or several */
export function kernelOf(unpacked: readonly Unpacked[]): Kernel {
  const kernels = unpacked.filter(({ name }) => kernelPackage.test(name));
  const [kernel] = kernels;
  if (kernel === undefined || kernels.length > 1) {
    throw new BuildError(
      "packages",
      `there are ${kernels.length} packages of a kernel (linux-image-…-amd64), expected one`,
    );
  }
  const version = kernel.name.slice("linux-image-".length);
  return { version, root: kernel.root, image: join(kernel.root, "boot", `vmlinuz-${version}`) };
}
