import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import { Compression, ImageFormat, type Signature } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import {
  ImageAddRequestSchema,
  ImageDeleteRequestSchema,
  ImageTagRequestSchema,
  type ImageAddRequest,
  type ImageService,
} from "../../../gen/farrier/operator/v1/image_pb.ts";
import { catalogueNamePattern, versionText } from "../../contract/catalogue/catalogue-reference.ts";
import { imageDigest, imageDigestExpected, imageReference } from "../../contract/image-reference.ts";
import { digestOfList, listedName } from "../../contract/catalogue/digest-list.ts";
import { ruledSource } from "../../contract/catalogue/image-ruled.ts";
import type { ImageSource, SourceSignature } from "../../contract/catalogue/image-source.ts";
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
import { callerKey, operatorKey } from "../caller/identity.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { catalogueImageMessage } from "../messages/catalogue-image-message.ts";
import { imagePermits } from "../requests/image-permitted.ts";
import { pageTokenMessage } from "../requests/page-token.ts";
import { secretDigests } from "../requests/secret-digests.ts";
import { shownAfter } from "../requests/shown-after.ts";
import { bytes, pageSizeField, requestIdField, validate } from "../requests/validate.ts";
import {
  imageCertificatesField,
  imageSignatureField,
  imageUrlField,
  knownValue,
  tokenHostField,
} from "../requests/validate-image.ts";
import { catalogueNameField, catalogueTagField, versionReferenceField } from "../requests/version-reference.ts";

const digestFromField = z
  .object({
    url: z
      .string()
      .refine((url) => url === "" || imageReference(url).kind === "http", "expected an http or https URL of the list"),
    list: bytes(256 * 1024),
    signature: z
      .custom((value) => value !== undefined, "is missing: expected the key that signed the list")
      .pipe(imageSignatureField),
  })
  .refine(({ url, list }) => (url === "") !== (list.length === 0), "expected the list, or its url, and not both")
  .refine(({ list, signature }) => list.length === 0 || signature.signature.length > 0, {
    path: ["signature"],
    message: "is missing: expected the bytes of the list's signature, as the list has no URL",
  });
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
    digestFrom: digestFromField.optional(),
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
  .refine(({ digest, digestFrom }) => digest === "" || digestFrom === undefined, {
    path: ["digestFrom"],
    message: "gives the digest itself: leave digest empty",
  })
  .superRefine(({ url, digestFrom }, context) => {
    const problem = digestFrom === undefined ? undefined : listProblem(url, digestFrom.list);
    if (problem !== undefined) {
      context.addIssue({ code: "custom", path: ["digestFrom"], message: problem });
    }
  })
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
      const permit = await imagePermits(database);
      const isAdmin = context.values.get(callerKey).operator?.role === "admin";
      const version = await imageAdd(database, {
        requestId,
        command: "image_add",
        bodyDigests: secretDigests(secrets, ImageAddRequestSchema, request),
        name,
        seal: (number) =>
          secrets.seal(imageSourcePlace({ name, version: number }), Buffer.from(JSON.stringify(source))),
        shownUrl: shownUrl(source.url),
        ...defined({ askedDigest: source.digest }),
        signed: source.signature !== undefined || source.digestFrom !== undefined,
        cached: checked.cache,
        isPublic: checked.isPublic,
        check: () => permit(ruledSource(source, isAdmin ? undefined : "add")),
        createdBy: context.values.get(operatorKey).name,
      });
      const title = versionText(name, version);
      const commanded = {
        ...{ what: `image ${title}`, makes: true },
        deletion: { command: "image_delete", names: [name, title] },
      };
      const record = await shownAfter(database, commanded, () => imageVersionShow(database, { name, version }));
      return { image: catalogueImageMessage(record) };
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

    async imageDelete(request, context) {
      const { requestId, image } = validate(deleteRequest, request);
      const versions = await imageDelete(database, {
        requestId,
        command: "image_delete",
        bodyDigests: secretDigests(secrets, ImageDeleteRequestSchema, request),
        reference: image,
        deletedBy: context.values.get(operatorKey).name,
      });
      return { versions };
    },
  };
}

function nextToken(name: string, last: ImageVersionRecord | undefined): string {
  return name === "" ? `name:${last?.name ?? ""}` : `version:${last?.version ?? 0}`;
}

/** Why the list can't give the digest of the URL's file; undefined if it may, as a list that has yet to be fetched. Pure. */
function listProblem(image: string, list: Uint8Array): string | undefined {
  const url = URL.parse(image);
  const name = url === null || url.protocol === "oci:" ? undefined : listedName(url);
  if (name === undefined) {
    return "needs an image whose URL ends with the name of its file, by http or https";
  }
  const found = list.length === 0 ? undefined : digestOfList(Buffer.from(list).toString("utf8"), name);
  return found !== undefined && "problem" in found ? found.problem : undefined;
}

/** @param certificates the request's, as PEM */
function sourceOf(request: ImageAddRequest, certificates: Uint8Array): ImageSource {
  const { signature, digest, digestFrom } = request;
  const base64 = (given: Uint8Array): string => Buffer.from(given).toString("base64");
  const signatureSource = (given: Signature): SourceSignature => ({
    format: given.format,
    publicKey: base64(given.publicKey),
    signature: base64(given.signature),
  });
  return {
    url: request.url,
    format: request.format,
    compression: request.compression,
    tokenHosts: request.tokenHost,
    ...(digest === "" ? {} : { digest }),
    ...(certificates.length === 0 ? {} : { certificates: Buffer.from(certificates).toString("utf8") }),
    ...(signature === undefined ? {} : { signature: signatureSource(signature) }),
    ...(digestFrom?.signature === undefined
      ? {}
      : {
          digestFrom: {
            signature: signatureSource(digestFrom.signature),
            ...(digestFrom.url === "" ? { list: base64(digestFrom.list) } : { url: digestFrom.url }),
          },
        }),
  };
}
