import { create } from "@bufbuild/protobuf";
import {
  Compression,
  DiskSelectorSchema,
  ImageFormat,
  ImageInstallationSchema,
  type ImageInstallation,
} from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { caCertificates } from "../../contract/ca-certificates.ts";
import { imageDigest, imageDigestExpected, imageReference, isUrlHost } from "../../contract/image-reference.ts";
import { shownUrl } from "../../lib/net/shown-url.ts";
import { CliError } from "../errors.ts";
import { fileFlagRead } from "../line/file-flag.ts";
import { installSignature, type InstallSignatureFlags } from "./install-signature.ts";
import { parseSelector } from "../line/selector.ts";
import { defined } from "../../lib/defined.ts";

/** `--format`'s words. */
export type ImageFormatWord = "auto" | "raw" | "qcow2";

/** `--compression`'s words. */
export type CompressionWord = "auto" | "none" | "gzip" | "zstd" | "xz";

/** The flags of `farrier machine install` that say what is to be installed. */
export interface InstallImageFlags extends InstallSignatureFlags {
  image: string;
  digest: string;
  disk: string;
  userData: string | undefined;
  metaData: string | undefined;
  networkConfig: string | undefined;
  grow: boolean | undefined;
  readBack: boolean | undefined;
  imageCa: string | undefined;
  imageTokenHost: readonly string[] | undefined;
  format: ImageFormatWord | undefined;
  compression: CompressionWord | undefined;
  size: bigint | undefined;
}

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

/** Maximum size in bytes of each cloud-init file; the control plane has the same limit. */
const seedFileLimit = 256 * 1024;
/** Maximum size in bytes of the image server's CA certificates. */
const certificatesLimit = 64 * 1024;

/**
 * Makes the image message from the flags.
 * @throws {CliError} `usage` if a flag is wrong, before any call
 */
export async function installImage(flags: InstallImageFlags): Promise<ImageInstallation> {
  const reference = imageReference(flags.image);
  if (reference.kind === "invalid") {
    throw new CliError("usage", `--image "${shownUrl(flags.image)}": expected ${reference.expected}`);
  }
  if (imageDigest(flags.digest) === undefined) {
    throw new CliError("usage", `--digest "${flags.digest}": expected ${imageDigestExpected}`);
  }
  const tokenHost = [...(flags.imageTokenHost ?? [])];
  const wrongHost = tokenHost.find((host) => !isUrlHost(host));
  if (wrongHost !== undefined) {
    throw new CliError("usage", `--image-token-host "${wrongHost}": expected a host's name, or NAME:PORT`);
  }
  const signature = await installSignature(flags);
  return create(ImageInstallationSchema, {
    ...defined({ signature }),
    caCertificates: await certificatesRead(flags.imageCa),
    tokenHost,
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

async function certificatesRead(path: string | undefined): Promise<Uint8Array<ArrayBuffer>> {
  const given = await fileFlagRead("--image-ca", path, certificatesLimit);
  const read = path === undefined ? undefined : caCertificates(given, new Date());
  if (read?.kind === "invalid") {
    throw new CliError("usage", `--image-ca ${path ?? ""}: ${read.problem}`);
  }
  return read === undefined ? given : Uint8Array.from(Buffer.from(read.pem));
}
