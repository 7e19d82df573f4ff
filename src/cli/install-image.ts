import { readFile } from "node:fs/promises";
import { create } from "@bufbuild/protobuf";
import {
  Compression,
  DiskSelectorSchema,
  ImageFormat,
  ImageInstallationSchema,
  type ImageInstallation,
} from "../../gen/farrier/agent/v1/image_pb.ts";
import { errorCode } from "../lib/errors.ts";
import type { CompressionWord, ImageFormatWord, MachineInstallFlags } from "./commands/machine-install.ts";
import { CliError } from "./errors.ts";
import { parseSelector } from "./selector.ts";

const formats: Record<ImageFormatWord, ImageFormat> = {
  auto: ImageFormat.UNSPECIFIED,
  raw: ImageFormat.RAW,
  qcow2: ImageFormat.QCOW2,
};

const compressions: Record<CompressionWord, Compression> = {
  auto: Compression.UNSPECIFIED,
  none: Compression.NONE,
  gzip: Compression.GZIP,
  zstd: Compression.ZSTD,
  xz: Compression.XZ,
};

/** Bytes of each of cloud-init's files that the control plane takes. */
const seedFileLimit = 256 * 1024;

/**
 * What is to be installed, by the flags.
 * @throws {CliError} `usage` where one of them is wrong, before anything is asked of anybody
 */
export async function installImage(flags: MachineInstallFlags): Promise<ImageInstallation> {
  const url = URL.parse(flags.image);
  if (url === null || !["http:", "https:", "oci:"].includes(url.protocol) || url.host === "") {
    throw new CliError("usage", `--image "${flags.image}": expected an http, https or oci URL that machines can reach`);
  }
  if (!/^sha256:[0-9a-f]{64}$/u.test(flags.digest)) {
    throw new CliError(
      "usage",
      `--digest "${flags.digest}": expected sha256: and 64 lower-case hex digits, as \`sha256sum FILE\` prints them`,
    );
  }
  return create(ImageInstallationSchema, {
    url: flags.image,
    digest: flags.digest,
    rootDisk: create(DiskSelectorSchema, parseSelector(flags.disk)),
    format: formats[flags.format ?? "auto"],
    compression: compressions[flags.compression ?? "auto"],
    sizeBytes: flags.size ?? 0n,
    userData: await fileFlagRead("--user-data", flags.userData, seedFileLimit),
    metaData: await fileFlagRead("--meta-data", flags.metaData, seedFileLimit),
    networkConfig: await fileFlagRead("--network-config", flags.networkConfig, seedFileLimit),
    grow: flags.grow ?? false,
    readBack: flags.readBack ?? false,
  });
}

async function fileFlagRead(flag: string, path: string | undefined, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  if (path === undefined) {
    return new Uint8Array();
  }
  let data: Uint8Array;
  try {
    data = await readFile(path);
  } catch (error) {
    throw new CliError("usage", `${flag} ${path} can't be read (${errorCode(error) ?? "unknown"}): check the path`, {
      cause: error,
    });
  }
  if (data.length > limit) {
    throw new CliError("usage", `${flag} ${path} has ${data.length} bytes: expected at most ${limit}`);
  }
  return Uint8Array.from(data);
}
