// What tells one file system from another: its UUID, at the place where each kind has it (as libblkid's probes). Pure.

/** Bytes of a file system's beginning that are enough for {@link fileSystemId}: btrfs' super block lies behind 64 KiB. */
export const fileSystemIdBytes = 68 << 10;

interface Known {
  /** As blkid(8) calls it. */
  type: string;
  magic: readonly [position: number, text: string];
  id: (beginning: Buffer) => string;
}

const btrfsAt = 64 << 10;
const uuidAt =
  (position: number) =>
  (beginning: Buffer): string =>
    uuidText(beginning.subarray(position, position + 16));
const fatSerialAt =
  (position: number) =>
  (beginning: Buffer): string =>
    beginning.readUInt32LE(position).toString(16).toUpperCase().padStart(8, "0").replace(/^.{4}/u, "$&-");

const known: readonly Known[] = [
  { type: "ext", magic: [1080, "\u0053\u00ef"], id: uuidAt(1128) },
  { type: "xfs", magic: [0, "XFSB"], id: uuidAt(32) },
  // One of several devices has the file system's id and one of its own: only both are the same on a copy.
  {
    type: "btrfs",
    magic: [btrfsAt + 64, "_BHRfS_M"],
    id: (beginning) => `${uuidAt(btrfsAt + 32)(beginning)} (device ${uuidAt(btrfsAt + 267)(beginning)})`,
  },
  { type: "vfat", magic: [82, "FAT32   "], id: fatSerialAt(67) },
  { type: "vfat", magic: [54, "FAT1"], id: fatSerialAt(39) },
  { type: "exfat", magic: [3, "EXFAT   "], id: fatSerialAt(100) },
  {
    type: "ntfs",
    magic: [3, "NTFS    "],
    id: (beginning) => beginning.readBigUInt64LE(72).toString(16).toUpperCase().padStart(16, "0"),
  },
  { type: "f2fs", magic: [1024, "\u0010\u0020\u00f5\u00f2"], id: uuidAt(1132) },
  { type: "erofs", magic: [1024, "\u00e2\u00e1\u00f5\u00e0"], id: uuidAt(1072) },
  { type: "swap", magic: [4086, "SWAPSPACE2"], id: uuidAt(1036) },
  { type: "LUKS", magic: [0, "LUKS\u00ba\u00be"], id: textAt(168, 36) },
  { type: "LVM", magic: [512, "LABELONE"], id: textAt(512 + 32, 32) },
];

/** The kind and the UUID of the file system that begins like this, as text; undefined = none that is known, or without one. */
export function fileSystemId(beginning: Buffer): string | undefined {
  const whole = Buffer.alloc(fileSystemIdBytes);
  beginning.copy(whole);
  const found = known.find(
    ({ magic: [position, text] }) => whole.toString("latin1", position, position + text.length) === text,
  );
  const id = found?.id(whole) ?? "";
  return found === undefined || /^[0\s-]*$/u.test(id) ? undefined : `${found.type} ${id}`;
}

function uuidText(bytes: Buffer): string {
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/u, "$1-$2-$3-$4-");
}

function textAt(position: number, length: number) {
  return (beginning: Buffer): string =>
    beginning.toString("latin1", position, position + length).replaceAll(/[^A-Za-z0-9-]/gu, "");
}
