/* eslint-disable no-control-regex -- magic numbers are made of control characters */
// Files that contain an image in a form that this agent does not unpack; written unchanged, they would not boot. Each
// is recognised by its magic number, from file(1), libmagic and the formats' own documents. Pure.

/** What a file is, and the command that converts it to an image. */
export interface ForeignFormat {
  /** Such as "a VMDK disk". */
  name: string;
  /** A command line with the file's name. */
  command: string;
}

interface Known {
  name: string;
  /** Bytes at positions: text, or a pattern. */
  at: readonly (readonly [position: number, magic: string | RegExp])[];
  /** `FILE` stands for the file's name, `BASE` for the name without its last extension. */
  command: string;
}

const convert = (format: string): string => `qemu-img convert -f ${format} -O qcow2 FILE BASE.qcow2`;
const gz = "\u001f\u008b";

/** Packings that this agent unpacks: inside another one, the image was packed twice. */
const twice: readonly Known[] = [
  { name: "packed with gzip", at: [[0, gz]], command: "gunzip -k FILE" },
  { name: "packed with xz", at: [[0, "\u00fd7zXZ\0"]], command: "unxz -k FILE" },
  { name: "packed with zstd", at: [[0, "(\u00b5/\u00fd"]], command: "unzstd FILE" },
];

const known: readonly Known[] = [
  ...twice,
  // Packings. For bzip2: the magic number, then the first block's or the end's.
  {
    name: "packed with bzip2",
    at: [[0, /^BZh[1-9](?:1AY&SY|\u0017rE8P\u0090)/u]],
    command: "bunzip2 -k FILE",
  },
  { name: "packed with lzip", at: [[0, /^LZIP[\u0000\u0001]/u]], command: "lzip -d -k FILE" },
  { name: "packed with lz4", at: [[0, '\u0004"M\u0018']], command: "lz4 -d FILE BASE" },
  { name: "packed with lz4 (legacy)", at: [[0, "\u0002!L\u0018"]], command: "lz4 -d FILE BASE" },
  { name: "packed with lzop", at: [[0, "\u0089LZO\0\r\n\u001a\n"]], command: "lzop -d FILE" },
  { name: "packed with compress", at: [[0, /^\u001f\u009d[\u0009-\u0010\u0089-\u0090]/u]], command: "gzip -d -k FILE" },
  { name: "packed with pack", at: [[0, "\u001f\u001e"]], command: "gzip -d -k FILE" },
  { name: "packed with lzh", at: [[0, "\u001f\u00a0"]], command: "gzip -d -k FILE" },
  { name: "packed with lrzip", at: [[0, "LRZI"]], command: "lrzip -d FILE" },
  { name: "packed with rzip", at: [[0, "RZIP"]], command: "rzip -d -k FILE" },
  { name: "packed with zpaq", at: [[0, /^(?:7kSt|zPQ[\u0001\u0002])/u]], command: "zpaq x FILE" },
  { name: "packed with snappy", at: [[0, "\u00ff\u0006\0\0sNaPpY"]], command: "snzip -d -k FILE" },
  // lzma has no magic number: its usual properties, a dictionary size that is a power of two, and a length that is
  // unknown or below 2^48.
  {
    name: "packed with lzma",
    at: [[0, /^[\u005d\u006d]\0[\0\u0080\u0010\u0020\u0040][\0-\u0080]{2}(?:\u00ff{8}|[^]{6}\0\0)/u]],
    command: "xz --format=lzma -d -k FILE",
  },
  // Archives.
  { name: "a zip archive", at: [[0, /^PK(?:\u0003\u0004|\u0005\u0006|\u0007\u0008|00PK)/u]], command: "unzip FILE" },
  { name: "a 7-Zip archive", at: [[0, "7z\u00bc\u00af'\u001c"]], command: "7z x FILE" },
  { name: "a RAR archive", at: [[0, "Rar!\u001a\u0007"]], command: "unrar x FILE" },
  { name: "a tar archive", at: [[257, "ustar"]], command: "tar -xf FILE" },
  { name: "a cpio archive", at: [[0, /^07070[127][0-9A-Fa-f]{6}/u]], command: "cpio -id < FILE" },
  {
    name: "a cpio archive",
    at: [
      [0, "\u00c7q"],
      [20, /^[\u0001-\u00ff][\0-\u0003]/u],
    ],
    command: "cpio -id < FILE",
  },
  { name: "an ar archive", at: [[0, "!<arch>\n"]], command: "ar x FILE" },
  { name: "a cabinet", at: [[0, "MSCF\0\0\0\0"]], command: "cabextract FILE" },
  { name: "a xar archive", at: [[0, "xar!\0"]], command: "bsdtar -xf FILE" },
  { name: "an RPM package", at: [[0, "\u00ed\u00ab\u00ee\u00db"]], command: "bsdtar -xf FILE" },
  { name: "an LHA archive", at: [[2, /^-l(?:h[\dd]|z[s45])-/u]], command: "lha x FILE" },
  { name: "an ARJ archive", at: [[0, /^`\u00ea[^][\0-\u000a]/u]], command: "7z x FILE" },
  { name: "an ACE archive", at: [[7, "**ACE**"]], command: "unace x FILE" },
  // Containers of disks.
  { name: "a VMDK disk", at: [[0, /^(?:KDMV|VMDK|COWD)/u]], command: convert("vmdk") },
  {
    name: "a VMDK descriptor",
    at: [[0, /^#\s*Disk\s*Descriptor\s*File/iu]],
    command: convert("vmdk"),
  },
  { name: "a VHDX disk", at: [[0, "vhdxfile"]], command: convert("vhdx") },
  { name: "a VHD disk", at: [[0, "conectix"]], command: convert("vpc") },
  { name: "a VDI disk", at: [[64, "\u007f\u0010\u00da\u00be"]], command: convert("vdi") },
  { name: "a QED disk", at: [[0, "QED\0"]], command: convert("qed") },
  { name: "a Parallels disk", at: [[0, /^Withou(?:tFreeSpace|FreSpacExt)/u]], command: convert("parallels") },
  { name: "a Bochs disk", at: [[0, "Bochs Virtual HD Image"]], command: convert("bochs") },
  { name: "a cloop image", at: [[0, "#!/bin/sh\n#V"]], command: convert("cloop") },
  { name: "an Apple disk image (DMG)", at: [[0, /^(?:koly\0|encrcdsa|cdsaencr)/u]], command: convert("dmg") },
  { name: "an Apple sparse image", at: [[0, "sprs\0"]], command: "hdiutil convert FILE -format UDRW -o BASE" },
  { name: "a Windows image (WIM)", at: [[0, /^(?:MSWIM|WLPWM)\0{3}/u]], command: "wimlib-imagex apply FILE 1 FOLDER" },
  { name: "an Android sparse image", at: [[0, ":\u00ff&\u00ed"]], command: "simg2img FILE BASE.raw" },
  { name: "a partclone image", at: [[0, "partclone-image"]], command: "partclone.restore -C -s FILE -o BASE.raw" },
  { name: "a Partimage image", at: [[0, "PaRtImAgE-VoLuMe"]], command: "partimage restore BASE.raw FILE" },
  { name: "an ntfsclone image", at: [[0, "\0ntfsclone-image"]], command: "ntfsclone --restore-image -O BASE.raw FILE" },
  { name: "an FSArchiver archive", at: [[0, /^FsA[0-9]/u]], command: "fsarchiver restfs FILE id=0,dest=BASE.raw" },
  { name: "an EnCase image", at: [[0, /^(?:EVF\t|LVF\t|EVF2)\r\n/u]], command: "ewfexport FILE" },
  { name: "an AFF image", at: [[0, "AFF10\r\n\0"]], command: "affconvert -r FILE" },
  { name: "a MAME disk (CHD)", at: [[0, "MComprHD"]], command: "chdman extractraw -i FILE -o BASE.raw" },
  { name: "a raw CD image", at: [[0, /^\0\u00ff{10}\0/u]], command: "bchunk -r FILE BASE.cue BASE" },
  { name: "a U-Boot image", at: [[0, "'\u0005\u0019V"]], command: "dumpimage -l FILE" },
  { name: "a device tree or FIT image", at: [[0, /^\u00d0\r\u00fe\u00ed\0/u]], command: "dumpimage -l FILE" },
  // Files that are not images at all.
  { name: "a program (ELF)", at: [[0, /^\u007fELF[\u0001\u0002][\u0001\u0002]\u0001/u]], command: "file FILE" },
  { name: "encrypted by OpenSSL", at: [[0, "Salted__"]], command: "openssl enc -d -in FILE -out BASE" },
  { name: "encrypted by age", at: [[0, /^(?:age-encryption\.org\/|-----BEGIN AGE)/u]], command: "age -d -o BASE FILE" },
  { name: "text in PEM", at: [[0, /^-----BEGIN [A-Z]/u]], command: "file FILE" },
  { name: "an XML document", at: [[0, /^<\?xml\s/u]], command: "file FILE" },
  { name: "an HTML page", at: [[0, /^\s*<(?:!doctype\s+html|html|head)[\s>]/iu]], command: "file FILE" },
  { name: "a script", at: [[0, /^#!\s?\//u]], command: "file FILE" },
  { name: "a PDF document", at: [[0, "%PDF-"]], command: "file FILE" },
  { name: "a pointer of Git LFS", at: [[0, "version https://git-lfs"]], command: "git lfs pull" },
];

/** Formats that only their end shows, at `fromEnd` bytes before it. */
const knownAtEnd: readonly (Pick<Known, "name" | "command"> & { fromEnd: number; magic: string })[] = [
  { name: "a VHD disk", fromEnd: 512, magic: "conectix", command: convert("vpc") },
  // Virtual PC before 2004 wrote one byte less.
  { name: "a VHD disk", fromEnd: 511, magic: "conectix", command: convert("vpc") },
  { name: "an Apple disk image (DMG)", fromEnd: 512, magic: "koly\0\0\0", command: convert("dmg") },
  {
    name: "an encrypted Apple disk image (DMG)",
    fromEnd: 8,
    magic: "cdsaencr",
    command: "hdiutil convert FILE -format UDTO -o BASE",
  },
  { name: "a Nero CD image", fromEnd: 12, magic: "NER5", command: "nrg2iso FILE BASE.iso" },
  { name: "a Nero CD image", fromEnd: 8, magic: "NERO", command: "nrg2iso FILE BASE.iso" },
];

// No pattern above reaches farther.
const headBytes = 512;

/** What a file that begins with `head` is if it is not an image; `file` is its name in the command. Pure. */
export function foreignFormat(head: Buffer, file: string): ForeignFormat | undefined {
  const text = head.toString("latin1", 0, headBytes);
  const found =
    known.find(({ at }) => at.every(([position, magic]) => isAt(text, position, magic))) ??
    (isOldTar(head) ? known.find(({ name }) => name === "a tar archive") : undefined);
  return found === undefined ? undefined : named(found, file);
}

/** The length of a file's end that {@link foreignFormatAtEnd} needs. */
export const foreignEndBytes = 512;

/** What a file is according to its last 512 bytes, for containers with their header at the end. Pure. */
export function foreignFormatAtEnd(tail: Buffer, file: string): ForeignFormat | undefined {
  const text = tail.subarray(-headBytes).toString("latin1");
  const found = knownAtEnd.find(({ fromEnd, magic }) => text.startsWith(magic, text.length - fromEnd));
  return found === undefined ? undefined : named(found, file);
}

function named({ name, command }: Pick<Known, "name" | "command">, file: string): ForeignFormat {
  const base = file.replace(/\.[^.]*$/u, "");
  // If the name has no extension, the output must not have the same name.
  const out = base === file ? `${file}.out` : base;
  return { name, command: command.replaceAll("FILE", file).replaceAll("BASE.", `${base}.`).replaceAll("BASE", out) };
}

function isAt(text: string, position: number, magic: string | RegExp): boolean {
  return typeof magic === "string" ? text.startsWith(magic, position) : magic.test(text.slice(position, position + 64));
}

/** Archives before POSIX have no magic number, but a checksum in their first block (tar(5)). */
function isOldTar(head: Buffer): boolean {
  if (head.length < headBytes || head[0] === 0) {
    return false;
  }
  const stored = /^ *(?<octal>[0-7]{1,7})[ \0]/u.exec(head.toString("latin1", 148, 156))?.groups?.["octal"];
  const blank = Buffer.from(head.subarray(0, headBytes)).fill(" ", 148, 156);
  return stored !== undefined && Number.parseInt(stored, 8) === blank.reduce((sum, byte) => sum + byte, 0);
}
