import { protocolWords } from "../../contract/words/hardware.ts";
import { wordOf } from "../../contract/words/table.ts";
import {
  Compression,
  ImageFormat,
  type DiskSelector,
  type ImageInstallation,
} from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { hexText } from "../../lib/format/hex.ts";
import { shownUrl } from "../../lib/net/shown-url.ts";

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
  const disk = selectorText(image.rootDisk);
  if (withFiles || shownUrl(image.url) !== image.url || disk === undefined) {
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

function selectorText(selector: DiskSelector | undefined): string | undefined {
  if (selector === undefined) {
    return undefined;
  }
  const { serialNumber, wwn, byPath, name, protocol, rotational, minBytes, maxBytes } = selector;
  const named = wordOf(protocolWords, protocol);
  const conditions = [
    ...(serialNumber === "" ? [] : [`serial=${serialNumber}`]),
    ...(wwn.length === 0 ? [] : [`wwn=0x${hexText(wwn)}`]),
    ...(byPath === "" ? [] : [`by-path=${byPath}`]),
    ...(name === "" ? [] : [`name=${name}`]),
    ...(named === undefined ? [] : [`protocol=${named}`]),
    ...(rotational === undefined ? [] : [`rotational=${rotational ? "yes" : "no"}`]),
    ...(minBytes === 0n ? [] : [`min=${minBytes}`]),
    ...(maxBytes === 0n ? [] : [`max=${maxBytes}`]),
  ];
  // A comma within a value would need a backslash, and that quotes.
  return conditions.length === 0 || conditions.some((condition) => condition.includes(","))
    ? undefined
    : conditions.join(",");
}
