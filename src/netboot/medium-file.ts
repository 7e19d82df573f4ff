import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { mediumManifestName, mediumName } from "../contract/medium-path.ts";
import { type Architecture, architectures } from "./architecture.ts";

/** A boot medium, as `farrier boot-image build --iso` makes it. */
export interface MediumFile {
  path: string;
  /** The reserved area, which takes a machine's configuration, in bytes. */
  area: { offset: number; bytes: number };
}

const description = z.object({
  bytes: z.int().positive(),
  area: z.object({
    offset: z.int().positive(),
    bytes: z
      .int()
      .positive()
      .max(1 << 20),
  }),
});

/**
 * The boot medium of this architecture; undefined if none was built, or it does not have the described size. Looked up
 * each time, so that one built later is served without a restart.
 */
export async function mediumFile(directory: string, architecture: Architecture): Promise<MediumFile | undefined> {
  const folder = join(directory, architecture);
  const path = join(folder, mediumName);
  try {
    const { bytes, area } = description.parse(JSON.parse(await readFile(join(folder, mediumManifestName), "utf8")));
    const { size } = await stat(path);
    return size === bytes && area.offset + area.bytes <= size ? { path, area } : undefined;
  } catch {
    // Anything else was not made by the build.
    return undefined;
  }
}

/** The architectures of which there is a medium. */
export async function mediumArchitectures(directory: string): Promise<Architecture[]> {
  const found = await Promise.all(
    architectures.map(async (one) => ((await mediumFile(directory, one)) === undefined ? [] : [one])),
  );
  return found.flat();
}
