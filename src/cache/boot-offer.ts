import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Database } from "../database/connect.ts";
import { bootImagePublish } from "../database/queries/cache/boot-image-publish.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { architectures, type Architecture } from "../netboot/architecture.ts";
import { bootFilePath, bootFiles, type BootFile } from "../netboot/boot-image.ts";

/** The boot images in this host's folder, for all hosts. */
export interface BootOffer extends AsyncDisposable {
  /** The path of the file that had this digest when it was last read; undefined if there is none. */
  path(hex: string): string | undefined;
}

/** Milliseconds between two looks at the folder. */
const pace = 2_000;

interface FoundFile {
  file: BootFile;
  path: string;
  bytes: number;
  modified: Date;
}

/** Records the boot images of a folder, and those that are built there later, until it is disposed of. */
export function bootOffer(options: { database: Database; bootImages: string; clock: Clock; log: Logger }): BootOffer {
  const { database, bootImages, clock, log } = options;
  const stop = new AbortController();
  const seen = new Map<Architecture, string>();
  const paths = new Map<string, string>();

  async function look(architecture: Architecture): Promise<void> {
    const found = await filesOf(bootImages, architecture);
    const standing = JSON.stringify(found);
    if (found === undefined || seen.get(architecture) === standing) {
      return;
    }
    const files = [];
    for (const { file, path, bytes } of found) {
      files.push({ file, bytes, path, hex: await digestOf(path, stop.signal) });
    }
    const isWhole = await agrees(found[0]?.path ?? "", files);
    if (!isWhole || JSON.stringify(await filesOf(bootImages, architecture)) !== standing) {
      // It is being built: the next look finds the rest.
      return;
    }
    for (const [hex, path] of paths) {
      if (found.some((one) => one.path === path)) {
        paths.delete(hex);
      }
    }
    files.forEach(({ hex, path }) => paths.set(hex, path));
    await bootImagePublish(database, {
      architecture,
      builtAt: new Date(Math.max(...found.map(({ modified }) => modified.getTime()))),
      files: files.map(({ file, hex, bytes }) => ({ file, digest: `sha256:${hex}`, bytes })),
    });
    seen.set(architecture, standing);
    log.info({ architecture }, "a boot image is offered to other hosts");
  }

  const looking = (async () => {
    while (!stop.signal.aborted) {
      for (const architecture of architectures) {
        try {
          await look(architecture);
        } catch (error) {
          if (!stop.signal.aborted) {
            log.warn({ error: describeError(error) }, "a boot image could not be offered to other hosts; trying again");
          }
        }
      }
      await clock.sleep(pace, stop.signal).catch(() => undefined);
    }
  })();
  return {
    path: (hex) => paths.get(hex),
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error("the process is stopping"));
      await looking;
    },
  };
}

/** The files of a boot image as they are now; undefined unless all are there. */
async function filesOf(bootImages: string, architecture: Architecture): Promise<FoundFile[] | undefined> {
  const found: FoundFile[] = [];
  for (const file of bootFiles) {
    const path = bootFilePath(bootImages, architecture, file);
    const status = await stat(path).catch(() => undefined);
    if (status?.isFile() !== true || status.size === 0) {
      return undefined;
    }
    found.push({ file, path, bytes: status.size, modified: status.mtime });
  }
  return found;
}

/** Whether the files are those of the list that the build writes last; true if there is no list. */
async function agrees(path: string, files: readonly { file: BootFile; hex: string }[]): Promise<boolean> {
  try {
    const list = JSON.parse(await readFile(join(dirname(path), "manifest.json"), "utf8")) as {
      sha256?: Partial<Record<BootFile, string>>;
    };
    return files.every(({ file, hex }) => list.sha256?.[file] === hex);
  } catch {
    // It was not made by the build, and has no list.
    return true;
  }
}

async function digestOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 256 << 10, signal }) as AsyncIterable<Buffer>) {
    hash.update(piece);
  }
  return hash.digest("hex");
}
