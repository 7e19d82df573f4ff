import { diskSelectorWords } from "../../contract/disk-selector-text.ts";
import { Compression, ImageFormat, type ImageInstallation } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { bareUrl } from "../../lib/net/shown-url.ts";

const formats: Record<ImageFormat, string | undefined> = {
  [ImageFormat.UNSPECIFIED]: undefined,
  [ImageFormat.RAW]: "raw",
  [ImageFormat.QCOW2]: "qcow2",
};

const compressions: Record<Compression, string | undefined> = {
  [Compression.UNSPECIFIED]: undefined,
  [Compression.NONE]: "none",
  [Compression.GZIP]: "gzip",
  [Compression.ZSTD]: "zstd",
  [Compression.XZ]: "xz",
};

/** What a shell takes as one word without quotes. */
const plainWord = /^[\w@%+=:,./-]+$/u;

/**
 * The command that requests the same image for the machine `title`. Undefined if a command line alone can't: the request
 * has files (cloud-init data, a signature, a CA) or secrets in its URL, or words that need quotes. Pure.
 */
export function installCommand(title: string, image: ImageInstallation): string | undefined {
  const withFiles =
    [image.userData, image.metaData, image.networkConfig, image.caCertificates].some(({ length }) => length > 0) ||
    image.signature !== undefined ||
    image.tokenHost.length > 0;
  const disk = diskSelectorWords(image.rootDisk);
  if (withFiles || bareUrl(image.url) !== image.url || disk === "" || disk.includes("\\")) {
    return undefined;
  }
  const words = [
    ...["farrier", "machine", "install", title, "--image", image.url, "--digest", image.digest, "--disk", disk],
    ...flag("--format", formats[image.format]),
    ...flag("--compression", compressions[image.compression]),
    ...flag("--size", image.sizeBytes === 0n ? undefined : String(image.sizeBytes)),
    ...(image.grow ? ["--grow"] : []),
    ...(image.readBack ? ["--read-back"] : []),
  ];
  return words.every((word) => plainWord.test(word)) ? words.join(" ") : undefined;
}

function flag(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value];
}
