import { Compression, ImageFormat, type Signature } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { caCertificates } from "../../contract/ca-certificates.ts";
import { isUrlHost } from "../../contract/image-reference.ts";
import { CliError } from "../errors.ts";
import { fileFlagRead } from "../line/file-flag.ts";
import { installSignature, type InstallSignatureFlags } from "./install-signature.ts";
import { defined } from "../../lib/defined.ts";

/** `--format`'s words. */
export type ImageFormatWord = "auto" | "raw" | "qcow2";

/** `--compression`'s words. */
export type CompressionWord = "auto" | "none" | "gzip" | "zstd" | "xz";

/** The flags about the bytes of an image: how they are packed, signed and served. */
export interface ImageBytesFlags extends InstallSignatureFlags {
  imageCa: string | undefined;
  imageTokenHost: readonly string[] | undefined;
  format: ImageFormatWord | undefined;
  compression: CompressionWord | undefined;
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

/** Maximum size in bytes of the image server's CA certificates. */
const certificatesLimit = 64 * 1024;

/** What a request says of an image's bytes, from the flags. @throws {CliError} `usage`, before any call */
export async function imageBytes(flags: ImageBytesFlags): Promise<{
  format: ImageFormat;
  compression: Compression;
  caCertificates: Uint8Array<ArrayBuffer>;
  tokenHost: string[];
  signature?: Signature;
}> {
  const tokenHost = [...(flags.imageTokenHost ?? [])];
  const wrongHost = tokenHost.find((host) => !isUrlHost(host));
  if (wrongHost !== undefined) {
    throw new CliError("usage", `--image-token-host "${wrongHost}": expected a host's name, or NAME:PORT`);
  }
  const signature = await installSignature(flags);
  return {
    format: formats[flags.format ?? "auto"],
    compression: compressions[flags.compression ?? "auto"],
    caCertificates: await certificatesRead(flags.imageCa),
    tokenHost,
    ...defined({ signature }),
  };
}

async function certificatesRead(path: string | undefined): Promise<Uint8Array<ArrayBuffer>> {
  const given = await fileFlagRead("--image-ca", path, certificatesLimit);
  const read = path === undefined ? undefined : caCertificates(given, new Date());
  if (read?.kind === "invalid") {
    throw new CliError("usage", `--image-ca ${path ?? ""}: ${read.problem}`);
  }
  return read === undefined ? given : Uint8Array.from(Buffer.from(read.pem));
}
