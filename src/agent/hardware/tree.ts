import { open, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../../lib/errors.ts";
import { cleanText, errorText } from "../errors.ts";

/** Maximum length in characters of a text in a report. */
export const textLimit = 256;
/** Maximum number of warnings in a report (docs/wire.md; the server refuses more). */
const warningLimit = 64;

// The largest file is /proc/cpuinfo: 2 KiB per thread.
const fileLimit = 4 << 20;
const pageBytes = 4 << 10;

/**
 * Reads the kernel's files under a root, for probes. It never throws: a missing file is undefined, and a file that
 * can't be read becomes a warning.
 */
export interface Tree {
  /** The file's bytes; undefined if it is missing or can't be read. */
  bytes(path: string): Promise<Buffer | undefined>;
  /** The file's text, cleaned and cut to 256 characters; "" if it is missing. */
  text(path: string): Promise<string>;
  /** The file's lines, unchanged; undefined if it is missing. */
  lines(path: string): Promise<string[] | undefined>;
  /** A whole number in the file; undefined if it is missing or contains anything else. */
  integer(path: string): Promise<number | undefined>;
  /** The names in a folder, sorted; undefined if it is missing. */
  list(path: string): Promise<string[] | undefined>;
  /** A link's target; undefined if it is not a link. */
  link(path: string): Promise<string | undefined>;
  /** Adds a warning; from the 64th on they are only counted. */
  warn(message: string): void;
  /** The warnings, at most 64. */
  warnings(): string[];
}

// Error codes that mean no value: a missing file, a driver without this value, a device that has gone.
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

/** A tree under `root`: "/", or a directory made by a test. */
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
  // sysfs returns a whole file in one read, at most a page; /proc may return less.
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
  // The kernel's files report no size: they are read to their end. Most have one line.
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

/** A number for an int32 field; 0 ("unknown") if it is not a whole number in range. */
export function int32(value: number | undefined): number {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value < 2 ** 31 ? value : 0;
}
