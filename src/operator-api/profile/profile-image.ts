import { create } from "@bufbuild/protobuf";
import { ImageInstallationSchema, type ImageInstallation } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { imageSourceRead } from "../../contract/catalogue/image-source.ts";
import { ruledSource } from "../../contract/catalogue/image-ruled.ts";
import { versionText, type VersionReference } from "../../contract/catalogue/catalogue-reference.ts";
import type { Database } from "../../database/connect.ts";
import { DatabaseError } from "../../database/errors.ts";
import { imageVersionShow, type SourcedImageVersion } from "../../database/queries/image/image-version.ts";
import { imagePermitted } from "../requests/image-permitted.ts";
import { imageSourcePlace } from "../../secrets/image-source.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";

/** An image of the catalogue that machines can install. */
export interface ReadyImage {
  record: SourcedImageVersion;
  image: ImageInstallation;
}

/**
 * The image that a reference means now, as a request for machines has it.
 * @throws {DatabaseError} `not_found`; `refused` if it is not ready, or breaks a rule of the image policy; {SecretsError}
 */
export async function readyImage(
  database: Database,
  secrets: Pick<KeyRing, "open">,
  reference: VersionReference,
): Promise<ReadyImage> {
  const record = await imageVersionShow(database, reference);
  const { name, version } = record;
  const title = versionText(name, version);
  if (record.state !== "ready" || record.digest === undefined) {
    throw new DatabaseError(
      "refused",
      record.state === "failed"
        ? `image ${title} can't be used: ${record.failure?.text ?? "it failed"}`
        : `image ${title} is not ready yet: \`farrier image show ${title}\` says how far it is`,
    );
  }
  const source = imageSourceRead(secrets.open(imageSourcePlace(record), record.sealedSource));
  await imagePermitted(database, ruledSource(source));
  const bytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, "base64"));
  const unpacked = record.facts?.["unpackedBytes"];
  return {
    record,
    image: create(ImageInstallationSchema, {
      url: source.url,
      digest: record.digest,
      format: source.format,
      compression: source.compression,
      sizeBytes: typeof unpacked === "number" ? BigInt(unpacked) : 0n,
      tokenHost: source.tokenHosts,
      caCertificates: Uint8Array.from(Buffer.from(source.certificates ?? "")),
      ...(source.signature === undefined
        ? {}
        : {
            signature: {
              format: source.signature.format,
              publicKey: bytes(source.signature.publicKey),
              // What the server fetched beside the image: so no machine needs the origin, or what opens it.
              signature:
                source.signature.signature === ""
                  ? Uint8Array.from(record.fetchedSignature ?? [])
                  : bytes(source.signature.signature),
            },
          }),
    }),
  };
}
