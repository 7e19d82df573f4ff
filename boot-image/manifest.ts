import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Drivers } from "./packages.ts";

/** The content of manifest.json. */
export interface BootImageManifest {
  architecture: "x86_64";
  drivers: Drivers;
  kernelVersion: string;
  /** Bytes. */
  sizes: { vmlinuz: number; initramfs: number };
  /** In hexadecimal. */
  sha256: { vmlinuz: string; initramfs: string };
  modules: number;
  /** Digest of everything that it was made from. */
  inputs: string;
  /** The included version of Node. */
  node: string;
  packages: { name: string; version: string; sha256: string }[];
}

/** The manifest of a folder whose files have the sizes in it; undefined if there is none. */
export async function manifestRead(folder: string): Promise<BootImageManifest | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as BootImageManifest;
    const { vmlinuz, initramfs } = manifest.sizes;
    const sizes = await Promise.all(
      ["vmlinuz", "initramfs"].map(async (name) => (await stat(join(folder, name))).size),
    );
    return sizes[0] === vmlinuz && sizes[1] === initramfs ? manifest : undefined;
  } catch {
    // Anything else was not built here.
    return undefined;
  }
}
