import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "./architecture.ts";

/** The files of a boot image that machines fetch. */
export const bootFiles = ["vmlinuz", "initramfs"] as const;
export type BootFile = (typeof bootFiles)[number];

/** The path of such a file. */
export function bootFilePath(directory: string, architecture: Architecture, file: BootFile): string {
  return join(directory, architecture, file);
}

/** Whether the boot image exists; checked each time, so that an image built later is served without a restart. */
export async function bootImageIsThere(directory: string, architecture: Architecture): Promise<boolean> {
  const found = await Promise.all(
    bootFiles.map((file) =>
      stat(bootFilePath(directory, architecture, file)).then(
        (status) => status.isFile(),
        // If it can't be checked, it can't be served either.
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}
