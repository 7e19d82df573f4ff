// The "newc" cpio format, as the Linux kernel unpacks it (Documentation/driver-api/early-userspace/buffer-format.rst):
// a header of 6 + 13 × 8 characters, the name with its NUL, and the data, each padded to 4 bytes.

/** One entry of an archive. Paths are relative to the root, without a leading slash. */
export type CpioEntry =
  | { kind: "file"; path: string; mode: number; data: Uint8Array }
  | { kind: "directory"; path: string; mode: number }
  | { kind: "symlink"; path: string; target: string }
  | { kind: "device"; path: string; mode: number; major: number; minor: number };

const fileType = { file: 0o100000, directory: 0o040000, symlink: 0o120000, device: 0o020000 } as const;
const modeBits = 0o7777;
const directoryMode = 0o755;
// A field has 8 hexadecimal digits.
const fileLimit = 0xffff_ffff;
const trailer = "TRAILER!!!";

/**
 * An archive of these entries: sorted by path, owned by user and group 0, without times, so that the same entries
 * always give the same bytes. Missing parent directories are added. Its length is a multiple of 512, so that an
 * appended archive begins where the kernel looks for it.
 * @throws {RangeError} for a path outside the root or given twice, or a file of 4 GiB or more
 */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const byPath = new Map<string, CpioEntry>();
  for (const entry of entries) {
    pathCheck(entry.path);
    if (byPath.has(entry.path)) {
      throw new RangeError(`cpio: "${entry.path}" is there twice, expected each path once`);
    }
    byPath.set(entry.path, entry);
  }
  for (const { path } of entries) {
    const names = path.split("/");
    for (let depth = 1; depth < names.length; depth += 1) {
      const parent = names.slice(0, depth).join("/");
      if (!byPath.has(parent)) {
        byPath.set(parent, { kind: "directory", path: parent, mode: directoryMode });
      }
    }
  }
  // By bytes, whatever the locale; a directory comes before its content.
  const sorted = [...byPath.values()].toSorted((left, right) =>
    Buffer.compare(Buffer.from(left.path), Buffer.from(right.path)),
  );
  const parts = sorted.flatMap((entry, index) => entryParts(entry, index + 1));
  parts.push(...padded(header({ inode: 0, mode: 0, links: 1, size: 0, major: 0, minor: 0, name: trailer })));
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([...parts, Buffer.alloc(-size & 511)]);
}

function pathCheck(path: string): void {
  const names = path.split("/");
  if (path.includes("\0") || names.some((name) => name === "" || name === "." || name === "..")) {
    throw new RangeError(`cpio: "${path}" is no path inside the root, expected one such as "etc/hostname"`);
  }
}

function entryParts(entry: CpioEntry, inode: number): Uint8Array[] {
  const mode = fileType[entry.kind] | (entry.kind === "symlink" ? 0o777 : entry.mode & modeBits);
  const data = entryData(entry);
  if (data.length > fileLimit) {
    throw new RangeError(`cpio: "${entry.path}" has ${data.length} bytes, the format takes less than 4 GiB`);
  }
  const { major, minor } = entry.kind === "device" ? entry : { major: 0, minor: 0 };
  const links = entry.kind === "directory" ? 2 : 1;
  const head = header({ inode, mode, links, size: data.length, major, minor, name: entry.path });
  return [...padded(head), ...padded(data)];
}

function entryData(entry: CpioEntry): Uint8Array {
  switch (entry.kind) {
    case "file":
      return entry.data;
    case "symlink":
      return Buffer.from(entry.target);
    case "directory":
    case "device":
      return Buffer.alloc(0);
  }
}

function header(fields: {
  inode: number;
  mode: number;
  links: number;
  size: number;
  major: number;
  minor: number;
  name: string;
}): Buffer {
  const { inode, mode, links, size, major, minor } = fields;
  const name = Buffer.from(`${fields.name}\0`);
  // inode, mode, uid, gid, links, mtime, size, device of the file system (2), device number (2), length of the name,
  // checksum
  const numbers = [inode, mode, 0, 0, links, 0, size, 0, 0, major, minor, name.length, 0];
  const digits = numbers.map((number) => number.toString(16).padStart(8, "0")).join("");
  return Buffer.concat([Buffer.from(`070701${digits}`), name]);
}

function padded(bytes: Uint8Array): Uint8Array[] {
  const missing = -bytes.length & 3;
  return missing === 0 ? [bytes] : [bytes, Buffer.alloc(missing)];
}
