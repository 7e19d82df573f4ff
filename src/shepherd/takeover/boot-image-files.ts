import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../../lib/errors.ts";
import { TakeoverError } from "./errors.ts";

/** The files of a boot image as a takeover needs them. */
export interface TakeoverFiles {
  /** As `uname -m` prints it. */
  architecture: string;
  busybox: Buffer;
  vmlinuz: Buffer;
  /** Path and size in bytes; it is sent from its file. */
  initramfs: { path: string; bytes: number };
  /** `kexec`, `openssl` and `lib/…`, by their paths in the directory on the host. */
  programs: readonly { path: string; data: Buffer }[];
}

/** The folder of programs in a boot image's folder, which `farrier boot-image build` makes. */
const programsFolder = "takeover";

/** Reads a boot image. @param directory the folder of boot images @throws {TakeoverError} `boot_image` */
export async function takeoverFilesRead(directory: string, architecture: string): Promise<TakeoverFiles> {
  const folder = join(directory, architecture);
  try {
    const initramfs = join(folder, "initramfs");
    const programs = join(folder, programsFolder);
    const names = (await readdir(programs, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(programs.length + 1))
      .toSorted();
    const files = await Promise.all(names.map(async (path) => ({ path, data: await readFile(join(programs, path)) })));
    const busybox = files.find(({ path }) => path === "busybox");
    const missing = ["busybox", "kexec", "openssl", "lib/ld"].find((path) => !names.includes(path));
    if (missing !== undefined || busybox === undefined) {
      throw new TakeoverError(
        "boot_image",
        `the boot image in ${folder} has no ${programsFolder}/${missing}: ${again}`,
      );
    }
    return {
      architecture,
      busybox: busybox.data,
      vmlinuz: await readFile(join(folder, "vmlinuz")),
      initramfs: { path: initramfs, bytes: (await stat(initramfs)).size },
      programs: files.filter(({ path }) => path !== "busybox"),
    };
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      throw new TakeoverError(
        "boot_image",
        `there is no boot image for ${architecture} with the programs of a takeover in ${folder}: ${again}`,
        { cause: error },
      );
    }
    throw error;
  }
}

const again = "build one with `farrier boot-image build`";
