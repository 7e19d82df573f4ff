import { ociRepository } from "../../contract/oci-reference.ts";
import { shownUrl } from "../../lib/net/shown-url.ts";
import { parseSize } from "../../lib/format/parse-size.ts";
import type { ImageCacheOptions } from "../../main/options.ts";
import { CliError } from "../errors.ts";
import { optionalFlag, textFlag } from "./flag.ts";
import { parseOrigin } from "./netboot.ts";

/** Flags of the processes that may have a cache of images. */
export interface CacheFlags {
  cache: string | undefined;
  cacheSize: number;
  cacheUrl: string | undefined;
  cacheCredentials: string | undefined;
}

/** The flags of a cache of images. */
export const cacheFlags = {
  cacheSize: {
    kind: "parsed",
    brief: "Maximum bytes of the cache of images; more only while pending installations need them",
    placeholder: "SIZE",
    default: "50G",
    parse: parseRoom,
  },
  cacheUrl: optionalFlag(
    "Address by which machines fetch from the cache (default: the address that serves it, unless that is 0.0.0.0)",
    "URL",
    parseOrigin,
  ),
  cacheCredentials: textFlag("File with USER:PASSWORD of the registry that --cache names, with mode 0600", "FILE"),
} as const;

/** The place of a cache that is there by itself. */
export const cacheFolderFlag = textFlag(
  "Folder of the cache of images, or oci://HOST/REPOSITORY (default: cache in the data directory)",
  "DIR",
);

/** The cache that the flags describe. @throws {CliError} `usage` */
export function cacheOptions({ cache, cacheSize, cacheUrl, cacheCredentials }: CacheFlags): ImageCacheOptions {
  const isRegistry = cache?.startsWith("oci:") === true;
  if (isRegistry && ociRepository(cache) === undefined) {
    throw new CliError(
      "usage",
      `--cache ${shownUrl(cache)}: expected a folder, or oci://HOST[:PORT]/REPOSITORY in lower case`,
    );
  }
  if (cacheCredentials !== undefined && !isRegistry) {
    throw new CliError("usage", "--cache-credentials needs --cache oci://HOST/REPOSITORY");
  }
  return { place: cache, credentialsFile: cacheCredentials, room: cacheSize, url: cacheUrl };
}

/** @throws {RangeError} */
function parseRoom(text: string): number {
  const bytes = parseSize(text);
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(`"${text}" is too large: expected less than 9P`);
  }
  return Number(bytes);
}
