import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import { Compression, ImageFormat } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import {
  ImageAddRequestSchema,
  ImageDeleteRequestSchema,
  ImageTagRequestSchema,
  type ImageAddRequest,
  type ImageService,
} from "../../../gen/farrier/operator/v1/image_pb.ts";
import { catalogueNamePattern } from "../../contract/catalogue/catalogue-reference.ts";
import { imageDigest, imageDigestExpected } from "../../contract/image-reference.ts";
import type { ImageSource } from "../../contract/catalogue/image-source.ts";
import { imageAdd } from "../../database/queries/image/image-add.ts";
import { imageDelete } from "../../database/queries/image/image-delete.ts";
import { imageTagRemove, imageTagSet } from "../../database/queries/image/image-tag.ts";
import {
  imageVersionList,
  imageVersionShow,
  type ImageVersionRecord,
} from "../../database/queries/image/image-version.ts";
import { defined } from "../../lib/defined.ts";
import { shownUrl } from "../../lib/net/shown-url.ts";
import { imageSourcePlace } from "../../secrets/image-source.ts";
import { operatorKey } from "../caller/identity.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { catalogueImageMessage } from "../messages/catalogue-image-message.ts";
import { pageTokenMessage } from "../requests/page-token.ts";
import { secretDigests } from "../requests/secret-digests.ts";
import { pageSizeField, requestIdField, validate } from "../requests/validate.ts";
import {
  imageCertificatesField,
  imageSignatureField,
  imageUrlField,
  knownValue,
  tokenHostField,
} from "../requests/validate-image.ts";
import { catalogueNameField, catalogueTagField, versionReferenceField } from "../requests/version-reference.ts";

const addRequest = z
  .object({
    requestId: requestIdField,
    name: catalogueNameField,
    url: imageUrlField,
    digest: z
      .string()
      .refine((value) => value === "" || imageDigest(value) !== undefined, `expected ${imageDigestExpected}`),
    format: knownValue(ImageFormat, "image format"),
    compression: knownValue(Compression, "compression"),
    signature: imageSignatureField.optional(),
    caCertificates: imageCertificatesField,
    tokenHost: tokenHostField,
    cache: z.boolean(),
    isPublic: z.boolean(),
  })
  .refine(({ cache, isPublic }) => cache || !isPublic, "is_public: expected only together with cache")
  .refine(
    ({ url, digest }) => digest !== "" || !url.startsWith("oci:"),
    "digest: is missing: expected sha256: and 64 lower-case hex digits of the one layer of the image in the registry",
  )
  .refine(
    ({ url, signature }) => signature === undefined || signature.signature.length > 0 || !url.startsWith("oci:"),
    "signature: it can't be fetched for an image in a registry: give its bytes",
  );
const pageTokenPattern = /^(?:name:[a-z0-9._-]{1,63}|version:[1-9]\d{0,9})$/u;
const listRequest = z
  .object({
    name: z.string().refine((name) => name === "" || catalogueNamePattern.test(name), "expected the name of an image"),
    pageSize: pageSizeField,
    pageToken: z.string().refine((token) => token === "" || pageTokenPattern.test(token), pageTokenMessage),
  })
  .refine(({ name, pageToken }) => pageToken === "" || pageToken.startsWith("version:") === (name !== ""), {
    path: ["pageToken"],
    message: pageTokenMessage,
  });
const showRequest = z.object({ image: versionReferenceField });
const tagRequest = z.object({
  requestId: requestIdField,
  image: versionReferenceField,
  tag: catalogueTagField,
  remove: z.boolean(),
});
const deleteRequest = z.object({ requestId: requestIdField, image: versionReferenceField });

/** The handlers of ImageService. */
export function imageHandlers({ database, secrets }: OperatorApiDependencies): ServiceImpl<typeof ImageService> {
  return {
    async imageAdd(request, context) {
      const checked = validate(addRequest, request);
      const { requestId, name } = checked;
      const source = sourceOf(request, checked.caCertificates);
      const version = await imageAdd(database, {
        requestId,
        command: "image_add",
        bodyDigests: secretDigests(secrets, ImageAddRequestSchema, request),
        name,
        seal: (number) =>
          secrets.seal(imageSourcePlace({ name, version: number }), Buffer.from(JSON.stringify(source))),
        shownUrl: shownUrl(source.url),
        ...defined({ askedDigest: source.digest }),
        signed: source.signature !== undefined,
        cached: checked.cache,
        isPublic: checked.isPublic,
        createdBy: context.values.get(operatorKey).name,
      });
      return { image: catalogueImageMessage(await imageVersionShow(database, { name, version })) };
    },

    async imageList(request) {
      const { name, pageSize, pageToken } = validate(listRequest, request);
      const after = pageToken.slice(pageToken.indexOf(":") + 1);
      const limit = pageSize + 1;
      const found = await imageVersionList(
        database,
        name === "" ? { limit, after } : { limit, name, before: Number(after) },
      );
      const page = found.slice(0, pageSize);
      return {
        images: page.map((record) => catalogueImageMessage(record)),
        nextPageToken: found.length > pageSize ? nextToken(name, page.at(-1)) : "",
      };
    },

    async imageShow(request) {
      const { image } = validate(showRequest, request);
      return { image: catalogueImageMessage(await imageVersionShow(database, image)) };
    },

    async imageTag(request, context) {
      const { requestId, image, tag, remove } = validate(tagRequest, request);
      const command = {
        requestId,
        command: "image_tag",
        bodyDigests: secretDigests(secrets, ImageTagRequestSchema, request),
      };
      if (remove) {
        await imageTagRemove(database, { ...command, name: image.name, tag });
        return {};
      }
      const setBy = context.values.get(operatorKey).name;
      const version = await imageTagSet(database, { ...command, reference: image, tag, setBy });
      return { image: catalogueImageMessage(await imageVersionShow(database, { name: image.name, version })) };
    },

    async imageDelete(request) {
      const { requestId, image } = validate(deleteRequest, request);
      const versions = await imageDelete(database, {
        requestId,
        command: "image_delete",
        bodyDigests: secretDigests(secrets, ImageDeleteRequestSchema, request),
        reference: image,
      });
      return { versions };
    },
  };
}

function nextToken(name: string, last: ImageVersionRecord | undefined): string {
  return name === "" ? `name:${last?.name ?? ""}` : `version:${last?.version ?? 0}`;
}

/** @param certificates the request's, as PEM */
function sourceOf(request: ImageAddRequest, certificates: Uint8Array): ImageSource {
  const { signature, digest } = request;
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  return {
    url: request.url,
    format: request.format,
    compression: request.compression,
    tokenHosts: request.tokenHost,
    ...(digest === "" ? {} : { digest }),
    ...(certificates.length === 0 ? {} : { certificates: Buffer.from(certificates).toString("utf8") }),
    ...(signature === undefined
      ? {}
      : {
          signature: {
            format: signature.format,
            publicKey: base64(signature.publicKey),
            signature: base64(signature.signature),
          },
        }),
  };
}
