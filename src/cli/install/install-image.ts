import { create } from "@bufbuild/protobuf";
import {
  Compression,
  DiskSelectorSchema,
  ImageFormat,
  ImageInstallationSchema,
  type ImageInstallation,
} from "../../../gen/farrier/agent/v1/image_pb.ts";
import type { CompressionWord, ImageFormatWord, MachineInstallFlags } from "../commands/machine-install.ts";
import { CliError } from "../errors.ts";
import { fileFlagRead } from "../line/file-flag.ts";
import { installSignature } from "./install-signature.ts";
import { parseSelector } from "../line/selector.ts";

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
/** Bytes of certificates that it takes. */
const certificatesLimit = 64 * 1024;

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
  const signature = await installSignature(flags);
  return create(ImageInstallationSchema, {
    ...(signature === undefined ? {} : { signature }),
    caCertificates: await fileFlagRead("--image-ca", flags.imageCa, certificatesLimit),
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
