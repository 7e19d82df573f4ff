// What an image is, by its first bytes, before anything of it is written. Pure.
import { ImageFormat } from "../../../../gen/farrier/agent/v1/image/image_pb.ts";
import { AgentError } from "../../errors.ts";
import { foreignFormat } from "./foreign-format.ts";
import type { ForeignFormat } from "./foreign-format.ts";
import { isIso } from "../fit/image-table.ts";
import { hasBootMagic } from "../fit/mbr.ts";
import { qcow2Header, qcow2Magic } from "./qcow2-header.ts";
import type { Qcow2 } from "./qcow2-header.ts";

/** What is written to the disk. */
export type ImageLook =
  | { kind: "qcow2"; header: Qcow2 }
  /** The bytes unchanged. `doubt`: why no machine may boot from them, for the log. */
  | { kind: "raw"; doubt: string | undefined };

/** Bytes that {@link imageLook} needs: btrfs' super block is after 64 KiB. */
export const imageLookBytes = 72 << 10;

/**
 * Examines the first bytes of an unpacked image. `file` is its name, for commands.
 * @throws {AgentError} `unsupported` for an unsupported format, unless raw is requested; `image_invalid` if it does not
 * have the requested format, or is a damaged qcow2 image
 */
export function imageLook(format: ImageFormat, head: Buffer, file: string): ImageLook {
  // An image that is requested as raw is raw, whatever it begins with.
  if (format === ImageFormat.RAW) {
    return { kind: "raw", doubt: undefined };
  }
  if (head.subarray(0, 4).equals(qcow2Magic)) {
    return { kind: "qcow2", header: qcow2Header(head, file) };
  }
  const foreign = foreignFormat(head, file);
  if (foreign !== undefined) {
    throw foreignRefused(foreign);
  }
  if (format === ImageFormat.QCOW2) {
    const begins = (head.subarray(0, 8).toString("hex").match(/../gu) ?? []).join(" ");
    throw new AgentError(
      "image_invalid",
      `the image is not a qcow2 image: it begins with ${begins}, expected 51 46 49 fb; ask without --format, or give the qcow2 image`,
    );
  }
  return { kind: "raw", doubt: isKnown(head) ? undefined : doubtful(file) };
}

/** The error for a file in a form that is not unpacked. `remark` ends the message. */
export function foreignRefused({ name, command }: ForeignFormat, remark = ""): AgentError {
  return new AgentError(
    "unsupported",
    `the image is ${name}, expected a raw disk or qcow2, packed with gzip, zstd, xz or not at all: run \`${command}\`, and ` +
      "install its output; --format raw writes the file unchanged" +
      remark,
  );
}

/** The name of the file at an address, safe for a command; `unpacked`: without the extension of its packing. */
export function fileNameOf(address: string, unpacked: boolean): string {
  const name = /(?<name>[^/?#]*)(?:[?#].*)?$/u.exec(address)?.groups?.["name"] ?? "";
  const bare = unpacked ? name.replace(/\.(?:gz|gzip|zst|zstd|xz)$/iu, "") : name;
  return /^[A-Za-z0-9_][A-Za-z0-9._+-]*$/u.test(bare) && !bare.startsWith("sha256") ? bare : "IMAGE";
}

function doubtful(file: string): string {
  return (
    "the image has neither a boot sector (55 aa) nor a partition table nor a known file system: it is written unchanged, " +
    `and is likely not to boot; see what it is with \`file ${file}\``
  );
}

/** File systems and partition tables by their magic numbers, each at its position (as blkid(8) does). */
const contents: readonly (readonly [position: number, magic: string])[] = [
  [512, "EFI PART"],
  [4096, "EFI PART"],
  [1080, "\u0053\u00ef"],
  [0, "XFSB"],
  [65_600, "_BHRfS_M"],
  [0, "LUKS\u00ba\u00be"],
  [0, "LABELONE"],
  [512, "LABELONE"],
  [1024, "LABELONE"],
  [1536, "LABELONE"],
  [0, "hsqs"],
  [0, "sqsh"],
  [1024, "\u0010\u0020\u00f5\u00f2"],
  [1024, "\u00e2\u00e1\u00f5\u00e0"],
  [4086, "SWAPSPACE2"],
  [4086, "SWAP-SPACE"],
  [32_768, "JFS1"],
  [65_588, "ReIsEr"],
  [1024, "H+"],
  [1024, "HX"],
  [1024, "BD"],
  [1030, "44"],
  [32_769, "BEA01"],
  [32_769, "NSR0"],
  [0, "E=\u00cd("],
  [0, "-rom1fs-"],
  [0, "ER"],
  [508, "\u00da\u00be"],
  [512, "WEV\u0082"],
  [64, "WEV\u0082"],
  [32, "NXSB"],
  [54, "FAT1"],
  [82, "FAT32"],
];

function isKnown(head: Buffer): boolean {
  return (
    hasBootMagic(head) ||
    isIso(head) ||
    contents.some(([at, magic]) => head.toString("latin1", at, at + magic.length) === magic)
  );
}
