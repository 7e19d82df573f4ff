import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "./architecture.ts";

/** The parts of a boot image that machines fetch. */
export const bootFiles = ["vmlinuz", "initramfs"] as const;
export type BootFile = (typeof bootFiles)[number];

/** Where a boot image's part is. */
export function bootFilePath(directory: string, architecture: Architecture, file: BootFile): string {
  return join(directory, architecture, file);
}

/** Whether the boot image is there, looked at anew each time: one that is built later is served without a restart. */
export async function bootImageIsThere(directory: string, architecture: Architecture): Promise<boolean> {
  const found = await Promise.all(
    bootFiles.map((file) =>
      stat(bootFilePath(directory, architecture, file)).then(
        (status) => status.isFile(),
        // Whatever keeps it from being looked at keeps it from being served.
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}
