import type { Logger } from "../../../lib/log.ts";
import type { DiskWriter } from "../write.ts";
import { fallbackLoader } from "./boot-entries.ts";
import { systemPartitionsOf } from "./image-table.ts";
import type { ImageTable } from "./image-table.ts";
import { loaderFind } from "./loader.ts";
import type { Loader } from "./loader.ts";
import { secureBootIsOn } from "./secure-boot.ts";

/**
 * What firmware is to start of an image that was written, and is not sealed yet. What can't be told, and a loader that only a boot
 * entry leads to, is said in the log.
 * @throws {AgentError} `image_invalid` when the firmware could not start the image
 */
export async function imageLoader(
  writer: Pick<DiskWriter, "read">,
  table: ImageTable,
  log: Logger,
): Promise<Loader | undefined> {
  const partitions = systemPartitionsOf(table);
  const look = await loaderFind(
    partitions.map(({ number, start, bytes }) => ({
      number,
      read: (length, position) => writer.read(Math.max(0, Math.min(length, bytes - position)), start + position),
    })),
    process.arch,
  );
  const [first] = partitions;
  const fallback = fallbackLoader(process.arch);
  if (look.kind === "unknown") {
    log.warn(`whether the firmware can start the image is not known: ${look.why}`);
    return first === undefined || fallback === undefined
      ? undefined
      : { partition: first.number, path: fallback, isSigned: undefined, isFallback: true };
  }
  if (!look.loader.isFallback) {
    log.warn(
      `the image has no ${fallback ?? "fallback loader"}: it is started by a boot entry for ${look.loader.path} alone, and no ` +
        "more once the firmware loses its entries; in the image: grub-install --removable, or bootctl install",
    );
  }
  if (look.loader.isSigned === false && (await secureBootIsOn())) {
    log.warn(
      `Secure Boot is on, and the image's loader ${look.loader.path} has no signature: the firmware will refuse to start it. Use an ` +
        "image with a signed loader (in the image: shim-signed), or switch Secure Boot off in the firmware's settings",
    );
  }
  return look.loader;
}
