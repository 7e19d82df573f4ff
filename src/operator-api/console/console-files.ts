import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { consoleListName, type ConsoleList } from "./console-list.ts";

/** How a file's bytes are compressed. */
export type ConsoleEncoding = "br" | "gzip" | "identity";

/** One file of the console, as it is sent. */
export interface ConsoleContent {
  type: string;
  encoding: ConsoleEncoding;
  bytes: Uint8Array;
  /** Of these bytes, in quotation marks. */
  etag: string;
  /** Its name has a digest of its content in it: it can be kept for ever. */
  immutable: boolean;
}

/** The built console's files. */
export interface ConsoleFiles {
  /** The file at a path below the console's; undefined if there is none. @throws {ConsoleMissing} */
  read(path: string, accepted: ReadonlySet<string>): Promise<ConsoleContent | undefined>;
}

/** The console is not built. */
export class ConsoleMissing extends Error {}

/** Next to the sources in a checkout (dist/console), and next to the built sources in the package. */
const places = ["../../../dist/console/", "../../../console/"].map((place) => new URL(place, import.meta.url));

/**
 * The files of the console, read when they are first asked for and then kept: less than 2 MB in all. A console that is
 * built while the server runs is noticed by its list's time.
 */
export function consoleFiles(directories: readonly URL[] = places): ConsoleFiles {
  let known: { at: number; directory: URL; list: ConsoleList; contents: Map<string, ConsoleContent> } | undefined;

  async function current(): Promise<NonNullable<typeof known>> {
    for (const directory of directories) {
      const path = new URL(consoleListName, directory);
      const found = await stat(path).catch(() => undefined);
      if (found === undefined) {
        continue;
      }
      if (known?.at !== found.mtimeMs || known.directory !== directory) {
        const list = JSON.parse(await readFile(path, "utf8")) as ConsoleList;
        known = { at: found.mtimeMs, directory, list, contents: new Map() };
      }
      return known;
    }
    throw new ConsoleMissing(
      `there is no ${consoleListName} in ${directories.map((one) => fileURLToPath(one)).join(" or ")}`,
    );
  }

  return {
    read: async (path, accepted) => {
      const { directory, list, contents } = await current();
      const file = Object.hasOwn(list.files, path) ? list.files[path] : undefined;
      if (file === undefined) {
        return undefined;
      }
      const encoding = encodingOf(file, accepted);
      const key = `${encoding} ${path}`;
      const kept = contents.get(key);
      if (kept !== undefined) {
        return kept;
      }
      const bytes = await readFile(new URL(`${path}${suffixes[encoding]}`, directory));
      const digest = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
      const content = { type: file.type, encoding, bytes, etag: `"${digest}"`, immutable: path.startsWith("assets/") };
      contents.set(key, content);
      return content;
    },
  };
}

const suffixes = { br: ".br", gzip: ".gz", identity: "" } as const;

function encodingOf(file: { br?: number; gz?: number }, accepted: ReadonlySet<string>): ConsoleEncoding {
  if (file.br !== undefined && accepted.has("br")) {
    return "br";
  }
  return file.gz !== undefined && accepted.has("gzip") ? "gzip" : "identity";
}
