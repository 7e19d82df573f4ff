import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "./architecture.ts";
import { servedFileOpen, type ServedFile } from "./served-file.ts";

/** The files of a boot image that machines fetch. */
export const bootFiles = ["vmlinuz", "initramfs"] as const;
export type BootFile = (typeof bootFiles)[number];

/** The path of such a file. */
export function bootFilePath(directory: string, architecture: Architecture, file: BootFile): string {
  return join(directory, architecture, file);
}

/** Whether the boot image exists; checked each time, so that an image built later is served without a restart. */
async function bootImageIsThere(directory: string, architecture: Architecture): Promise<boolean> {
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

/** The files of boot images in a store, for hosts that have none in their folder. */
export interface StoredBootImages {
  /** The digests of an architecture's files, in hexadecimal; undefined unless the store has all of them. */
  digests(architecture: Architecture): Readonly<Record<BootFile, string>> | undefined;
  /** Opens a file of a boot image by its digest; undefined if the store does not have it, or it is none of these files. */
  open(hex: string): Promise<ServedFile | undefined>;
}

/** Where boot images are. */
export interface BootImagePlaces {
  /** A folder with a subfolder for each architecture, which contains `vmlinuz` and `initramfs`. */
  bootImages: string;
  /** Absent = there is no store. */
  storedBootImages?: StoredBootImages | undefined;
}

/** A boot image that can be served: from the folder, or from the store by the digests of its files. */
type BootImageFound = { from: "folder" } | { from: "store"; digests: Readonly<Record<BootFile, string>> };

/** Finds the boot image of an architecture: the folder's own, or else the store's; undefined if there is none. */
export async function bootImageFind(
  { bootImages, storedBootImages }: BootImagePlaces,
  architecture: Architecture,
): Promise<BootImageFound | undefined> {
  if (await bootImageIsThere(bootImages, architecture)) {
    return { from: "folder" };
  }
  const digests = storedBootImages?.digests(architecture);
  return digests === undefined ? undefined : { from: "store", digests };
}

/**
 * Opens a file of a boot image: by its digest if the store has it, otherwise the file that is served now.
 * Undefined if there is none.
 */
export async function bootFileOpen(
  places: BootImagePlaces,
  { architecture, file, digest }: { architecture: Architecture; file: BootFile; digest?: string },
): Promise<ServedFile | undefined> {
  const named = digest === undefined ? undefined : await places.storedBootImages?.open(digest);
  if (named !== undefined) {
    return named;
  }
  const found = await bootImageFind(places, architecture);
  return found?.from === "store"
    ? places.storedBootImages?.open(found.digests[file])
    : servedFileOpen(bootFilePath(places.bootImages, architecture, file));
}
