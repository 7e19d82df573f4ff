import { create } from "@bufbuild/protobuf";
import {
  DiskSelectorSchema,
  ImageInstallationSchema,
  type ImageInstallation,
} from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { imageDigest, imageDigestExpected, imageReference } from "../../contract/image-reference.ts";
import { shownUrl } from "../../lib/net/shown-url.ts";
import { CliError } from "../errors.ts";
import { fileFlagRead } from "../line/file-flag.ts";
import { imageBytes, type ImageBytesFlags } from "./image-bytes.ts";
import { parseSelector } from "../line/selector.ts";

/** The flags of `farrier machine install` that say what is to be installed. */
export interface InstallImageFlags extends ImageBytesFlags {
  image: string;
  digest: string;
  disk: string;
  userData: string | undefined;
  metaData: string | undefined;
  networkConfig: string | undefined;
  grow: boolean | undefined;
  readBack: boolean | undefined;
  size: bigint | undefined;
}

/** Maximum size in bytes of each cloud-init file; the control plane has the same limit. */
const seedFileLimit = 256 * 1024;

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
  return create(ImageInstallationSchema, {
    ...(await imageBytes(flags)),
    url: flags.image,
    digest: flags.digest,
    rootDisk: create(DiskSelectorSchema, parseSelector(flags.disk)),
    sizeBytes: flags.size ?? 0n,
    userData: await fileFlagRead("--user-data", flags.userData, seedFileLimit),
    metaData: await fileFlagRead("--meta-data", flags.metaData, seedFileLimit),
    networkConfig: await fileFlagRead("--network-config", flags.networkConfig, seedFileLimit),
    grow: flags.grow ?? false,
    readBack: flags.readBack ?? false,
  });
}
