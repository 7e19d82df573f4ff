import { open, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../../lib/errors.ts";
import { cleanText, errorText } from "../errors.ts";

/** Characters of any one text in a report. */
export const textLimit = 256;
/** Warnings in a report (docs/wire.md; the server refuses more). */
const warningLimit = 64;

// The largest file read is /proc/cpuinfo: 2 KiB a thread.
const fileLimit = 4 << 20;
const pageBytes = 4 << 10;

/**
 * Reads the kernel's own files below a root, for probes. It never throws: what is not there is undefined, and what is
 * there but cannot be read becomes a warning.
 */
export interface Tree {
  /** The file's bytes; undefined when it is not there or cannot be read. */
  bytes(path: string): Promise<Buffer | undefined>;
  /** The file's text, cleaned and cut to 256 characters; "" when it is not there. */
  text(path: string): Promise<string>;
  /** The file's whole text, as it is; undefined when it is not there. */
  lines(path: string): Promise<string[] | undefined>;
  /** A whole number in the file; undefined when it is not there or something else. */
  integer(path: string): Promise<number | undefined>;
  /** The names in a folder, sorted; undefined when it is not there. */
  list(path: string): Promise<string[] | undefined>;
  /** Where a link leads; undefined when it is none. */
  link(path: string): Promise<string | undefined>;
  /** Notes what could not be found out; the 64th and later are only counted. */
  warn(message: string): void;
  /** What was noted, at most 64. */
  warnings(): string[];
}

// What a file says that has nothing to say: absent, a driver without this figure, a device that has gone.
const absent = new Set([
  "ENOENT",
  "ENOTDIR",
  "EINVAL",
  "EOPNOTSUPP",
  "ENOTSUP",
  "ENODEV",
  "ENXIO",
  "ENODATA",
  "EISDIR",
]);

/** A tree below `root`: "/", or a made-up one in tests. */
export function hardwareTree(root: string): Tree {
  const noted: string[] = [];
  let omitted = 0;
  const warn = (message: string): void => {
    const text = cleanText(message, textLimit);
    if (noted.includes(text)) {
      return;
    }
    if (noted.length < warningLimit - 1) {
      noted.push(text);
    } else {
      omitted += 1;
    }
  };
  const attempt = async <Value>(path: string, read: (full: string) => Promise<Value>): Promise<Value | undefined> => {
    try {
      return await read(join(root, path));
    } catch (error) {
      if (!absent.has(errorCode(error) ?? "")) {
        warn(`/${path} cannot be read: ${errorText(error).replaceAll(root, "/")}`);
      }
      return undefined;
    }
  };
  // sysfs gives all that is left in one read, a page at most; /proc may give less.
  const bytes: Tree["bytes"] = (path) => attempt(path, (full) => readBounded(full, path.startsWith("sys/")));
  const text: Tree["text"] = async (path) => cleanText((await bytes(path))?.toString("utf8") ?? "", textLimit);
  return {
    bytes,
    text,
    lines: async (path) => (await bytes(path))?.toString("utf8").split("\n"),
    integer: async (path) => {
      const value = await text(path);
      return /^-?\d{1,15}$/u.test(value) ? Number(value) : undefined;
    },
    list: (path) => attempt(path, async (full) => (await readdir(full)).toSorted()),
    link: (path) => attempt(path, (full) => readlink(full)),
    warn,
    warnings: () => (omitted === 0 ? noted : [...noted, `${omitted} more warnings are left out`]),
  };
}

async function readBounded(path: string, shortIsLast: boolean): Promise<Buffer> {
  await using file = await open(path, "r");
  const chunks: Buffer[] = [];
  // The kernel's files have no size of their own: they are read until they end. Most have a line.
  let room = pageBytes;
  for (let total = 0; total < fileLimit;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(room));
    if (bytesRead === 0) {
      break;
    }
    chunks.push(buffer.subarray(0, bytesRead));
    total += bytesRead;
    if (shortIsLast && bytesRead < pageBytes) {
      break;
    }
    room = 64 << 10;
  }
  return Buffer.concat(chunks);
}

/** A number for an int32 field; 0 ("unknown") for what is no whole number in its range. */
export function int32(value: number | undefined): number {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value < 2 ** 31 ? value : 0;
}
