import { createHash } from "node:crypto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { ImageInstallationSchema, type ImageInstallation } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import type { RequestFilesSchema, RequestFileSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { bareUrl } from "../../lib/net/shown-url.ts";
import { defined } from "../../lib/defined.ts";

/**
 * An image as every operator may see it: without secrets. Fields are named one by one, so a new field of the contract
 * stays hidden until somebody has decided that it holds no secret.
 */
export function imageShown(image: ImageInstallation): ImageInstallation {
  return create(ImageInstallationSchema, {
    url: bareUrl(image.url),
    digest: image.digest,
    format: image.format,
    compression: image.compression,
    ...defined({ rootDisk: image.rootDisk }),
    sizeBytes: image.sizeBytes,
    ...defined({ signature: image.signature }),
    readBack: image.readBack,
    grow: image.grow,
    caCertificates: image.caCertificates,
  });
}

/** Sizes and digests of the cloud-init files; absent if the request has none. */
export function requestFiles(image: ImageInstallation): MessageInitShape<typeof RequestFilesSchema> {
  return {
    ...fileOf("userData", image.userData),
    ...fileOf("metaData", image.metaData),
    ...fileOf("networkConfig", image.networkConfig),
    ...fileOf("vendorData", image.vendorData),
  };
}

function fileOf(name: string, bytes: Uint8Array): Record<string, MessageInitShape<typeof RequestFileSchema>> {
  return bytes.length === 0
    ? {}
    : {
        [name]: {
          bytes: BigInt(bytes.length),
          digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`,
        },
      };
}
