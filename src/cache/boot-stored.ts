import type { CacheWanted } from "../database/queries/cache/cache-wanted.ts";
import { bootFiles, type BootFile, type StoredBootImages } from "../netboot/boot-image.ts";
import type { ImageStore } from "./store.ts";

/** The boot files of a store, as they were recorded last. */
export interface BootStored extends StoredBootImages {
  /** Takes over what is wanted now. Files of the boot images before stay open to machines whose scripts name them. */
  set(wanted: readonly Pick<CacheWanted, "digest" | "boot">[]): void;
}

/** Starts without boot files. */
export function bootStored(store: Pick<ImageStore, "list" | "open">): BootStored {
  let current: ReadonlyMap<string, string> = new Map();
  let before: ReadonlySet<string> = new Set();
  const isBootFile = (hex: string): boolean => before.has(hex) || [...current.values()].includes(hex);
  return {
    set: (wanted) => {
      const next = new Map(
        wanted.flatMap(({ digest, boot }) => boot.map((path) => [path, digest.slice("sha256:".length)] as const)),
      );
      const gone = [...current.values()].filter((hex) => ![...next.values()].includes(hex));
      before = gone.length > 0 ? new Set(gone) : before;
      current = next;
    },
    digests: (architecture) => {
      const held = new Set(store.list().map(({ hex }) => hex));
      const of = (file: BootFile): string => current.get(`${architecture}/${file}`) ?? "";
      return bootFiles.every((file) => held.has(of(file)))
        ? { vmlinuz: of("vmlinuz"), initramfs: of("initramfs") }
        : undefined;
    },
    open: async (hex) => {
      // Nothing else of the store is for everybody.
      const file = isBootFile(hex) ? await store.open(hex) : undefined;
      return file === undefined
        ? undefined
        : {
            bytes: file.bytes,
            tag: hex,
            read: (first, last) => file.read(first, last),
            [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
          };
    },
  };
}
