import { createReadStream } from "node:fs";
import { imageSourceRead } from "../contract/catalogue/image-source.ts";
import { imageSourceOf } from "../database/queries/image/image-source-of.ts";
import { imageSourcePlace } from "../secrets/image-source.ts";
import { againFolder, againFoldersClean } from "./again-folders.ts";
import { CatalogueError } from "./errors.ts";
import type { ImageFetchOptions } from "./fetch-options.ts";
import { imageRulesKept } from "./image-rules-kept.ts";
import { imageProcess, imageProcessLimits } from "./image-process.ts";

/**
 * Makes the function that fetches an image of the catalogue from its origin once more, because no cache has it any more,
 * by the same rules as at first.
 */
export function imageAgain(
  options: Pick<ImageFetchOptions, "database" | "secrets" | "directory" | "guard" | "room" | "limits" | "log">,
): (digest: string, take: (pieces: AsyncIterable<Uint8Array>) => Promise<void>, signal: AbortSignal) => Promise<void> {
  const { database, secrets, directory, guard, room, limits = imageProcessLimits, log } = options;
  return async (digest, take, signal) => {
    const found = await imageSourceOf(database, digest);
    if (found === undefined) {
      throw new CatalogueError("unavailable", `the catalogue has no image with the digest ${digest} any more`);
    }
    await againFoldersClean(directory);
    await using folder = againFolder(directory);
    const source = imageSourceRead(secrets.open(imageSourcePlace(found), found.sealedSource));
    const { digestFrom: _proven, ...left } = source;
    const rules = await imageRulesKept(database, source);
    await using fetched = await imageProcess(
      {
        // A list of digests may have been changed since: the digest was proven by it.
        source: { ...left, digest },
        rules,
        guard: { loopbackAllowed: guard.loopbackAllowed, ownPorts: await guard.ownPorts() },
        room,
      },
      { directory: folder.path, limits, progress: () => undefined, log, signal },
    );
    await take(createReadStream(fetched.file));
  };
}
