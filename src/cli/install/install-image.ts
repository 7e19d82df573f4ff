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
import { parseTemplateValues } from "../line/template-values.ts";
import { parseSelector } from "../line/selector.ts";

/** The flags of `farrier machine install` that say what is to be installed. */
export interface InstallImageFlags extends ImageBytesFlags {
  profile: string | undefined;
  set: readonly string[] | undefined;
  image: string | undefined;
  digest: string | undefined;
  disk: string | undefined;
  userData: string | undefined;
  metaData: string | undefined;
  networkConfig: string | undefined;
  grow: boolean | undefined;
  readBack: boolean | undefined;
  size: bigint | undefined;
}

/** Maximum size in bytes of each cloud-init file; the control plane has the same limit. */
const seedFileLimit = 256 * 1024;

/** What is installed: an image with all that is said of it, or a profile that says it. */
export type InstallWhat = { image: ImageInstallation } | { profile: string; values: Record<string, string> };

/** Flags that say what a profile says already. */
const profileSays = [
  ...["image", "digest", "disk", "userData", "metaData", "networkConfig", "grow", "readBack", "size", "format"],
  ...["compression", "minisignKey", "cosignKey", "signature", "imageCa", "imageTokenHost"],
] as const satisfies (keyof InstallImageFlags)[];

/** What the flags ask for. @throws {CliError} `usage` if they contradict each other, or lack something */
export async function installWhat(flags: InstallImageFlags): Promise<InstallWhat> {
  const { profile } = flags;
  if (profile === undefined) {
    if (flags.set !== undefined && flags.set.length > 0) {
      throw new CliError("usage", "--set is for a profile's templates: give --profile too");
    }
    return { image: await installImage(flags) };
  }
  const both = profileSays.find((name) => {
    const value = flags[name];
    return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
  });
  if (both !== undefined) {
    const flag = both.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);
    throw new CliError("usage", `--${flag} and --profile exclude each other: the profile says it`);
  }
  return { profile, values: parseTemplateValues(flags.set ?? []) };
}

/**
 * Makes the image message from the flags.
 * @throws {CliError} `usage` if a flag is wrong, before any call
 */
async function installImage(flags: InstallImageFlags): Promise<ImageInstallation> {
  const { image, digest, disk } = flags;
  if (image === undefined || digest === undefined || disk === undefined) {
    const missing = Object.entries({ image, digest, disk }).flatMap(([name, value]) =>
      value === undefined ? [`--${name}`] : [],
    );
    const are = missing.length === 1 ? "is" : "are";
    throw new CliError(
      "usage",
      `${missing.join(" and ")} ${are} missing: expected --image, --digest and --disk, or --profile; see --help`,
    );
  }
  const reference = imageReference(image);
  if (reference.kind === "invalid") {
    throw new CliError("usage", `--image "${shownUrl(image)}": expected ${reference.expected}`);
  }
  if (imageDigest(digest) === undefined) {
    throw new CliError("usage", `--digest "${digest}": expected ${imageDigestExpected}`);
  }
  return create(ImageInstallationSchema, {
    ...(await imageBytes(flags)),
    url: image,
    digest,
    rootDisk: create(DiskSelectorSchema, parseSelector(disk)),
    sizeBytes: flags.size ?? 0n,
    userData: await fileFlagRead("--user-data", flags.userData, seedFileLimit),
    metaData: await fileFlagRead("--meta-data", flags.metaData, seedFileLimit),
    networkConfig: await fileFlagRead("--network-config", flags.networkConfig, seedFileLimit),
    grow: flags.grow ?? false,
    readBack: flags.readBack ?? false,
  });
}
