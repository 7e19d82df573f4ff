import { z } from "zod";
import { metaDataWith, networkConfigText, type CloudInitText } from "../../contract/cloud-init.ts";
import { BlockDevice_Protocol } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { Compression, ImageFormat, SignatureFormat } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { caCertificates } from "../../contract/ca-certificates.ts";
import { imageDigest, imageDigestExpected, imageReference, isUrlHost } from "../../contract/image-reference.ts";
import { cosignKey, minisignKey } from "../../contract/signature-key.ts";
import { bytes, count, text } from "./validate.ts";

const kibibyte = 1024;

/** An image's URL. */
export const imageUrlField = text(4096).superRefine((value, context) => {
  const read = imageReference(value);
  if (read.kind === "invalid") {
    context.addIssue(`expected ${read.expected}`);
  }
});

const imageDigestField = z
  .string()
  .refine((value) => imageDigest(value) !== undefined, `expected ${imageDigestExpected}`);

/** An enum value that this server knows. */
export function knownValue(values: Readonly<Record<string, number | string>>, what: string): z.ZodType<number, number> {
  const numbers = new Set(Object.values(values));
  return z.number().refine((value) => numbers.has(value), `this server knows no such ${what}`);
}

/** A selector of one disk. */
export const diskSelectorField = z
  .object({
    serialNumber: text(256),
    wwn: bytes(64),
    byPath: text(1024),
    name: text(256),
    protocol: knownValue(BlockDevice_Protocol, "protocol"),
    rotational: z.boolean().optional(),
    minBytes: count,
    maxBytes: count,
  })
  .refine(
    (disk) =>
      disk.serialNumber !== "" ||
      disk.wwn.length > 0 ||
      disk.byPath !== "" ||
      disk.name !== "" ||
      disk.protocol !== 0 ||
      disk.rotational !== undefined ||
      disk.minBytes > 0n ||
      disk.maxBytes > 0n,
    "is empty: expected a condition that selects one disk, such as serial_number",
  )
  .refine((disk) => disk.maxBytes === 0n || disk.minBytes <= disk.maxBytes, "min_bytes is greater than max_bytes");

/** A signature that an image must have. */
export const imageSignatureField = z
  .object({
    format: knownValue(SignatureFormat, "signature format").refine((format) => format !== 0, "is missing"),
    publicKey: bytes(16 * kibibyte).refine((key) => key.length > 0, "is missing"),
    signature: bytes(64 * kibibyte),
  })
  .refine(
    ({ format, publicKey }) => format !== SignatureFormat.MINISIGN || minisignKey(publicKey) !== undefined,
    "public_key is not a minisign key: expected a .pub file, or its line that begins with RW",
  )
  .refine(
    ({ format, publicKey }) => format !== SignatureFormat.COSIGN || cosignKey(publicKey) !== undefined,
    "public_key is not a cosign key: expected a cosign.pub, which is an ECDSA key on P-256 in PEM",
  );

/** CAs of an image's server, converted to PEM from any accepted form. */
export const imageCertificatesField = bytes(64 * kibibyte).transform((given, context) => {
  const read = given.length === 0 ? undefined : caCertificates(given, new Date());
  if (read?.kind === "invalid") {
    context.addIssue(read.problem);
    return z.NEVER;
  }
  return read === undefined ? given : Uint8Array.from(Buffer.from(read.pem));
});

/** Hosts that may issue a registry's tokens. */
export const tokenHostField = z
  .array(text(255).refine((host) => isUrlHost(host), "expected a host's name, or NAME:PORT, such as auth.example.org"))
  .max(8, "expected at most 8 hosts");

/** YAML that cloud-init accepts; may be empty. */
function cloudInit(
  field: ReturnType<typeof bytes>,
  read: (given: Uint8Array) => CloudInitText,
): ReturnType<typeof bytes> {
  return field.superRefine((given, context) => {
    const found = given.length === 0 ? undefined : read(given);
    if (found?.kind === "problem") {
      context.addIssue({ code: "custom", message: `is not accepted by cloud-init: ${found.problem}` });
    }
  });
}

/** The image to install. */
export const imageField = z
  .object(
    {
      url: imageUrlField,
      digest: imageDigestField,
      format: knownValue(ImageFormat, "image format"),
      compression: knownValue(Compression, "compression"),
      rootDisk: z
        .custom((value) => value !== undefined, "is missing: expected a selector of the disk to write")
        .pipe(diskSelectorField),
      sizeBytes: count,
      userData: bytes(256 * kibibyte),
      metaData: cloudInit(bytes(256 * kibibyte), (given) => metaDataWith(given, "id")),
      networkConfig: cloudInit(bytes(256 * kibibyte), networkConfigText),
      vendorData: bytes(256 * kibibyte),
      signature: imageSignatureField.optional(),
      caCertificates: imageCertificatesField,
      tokenHost: tokenHostField,
    },
    "is missing: expected the image to install",
  )
  .refine(
    ({ url, signature }) => signature === undefined || signature.signature.length > 0 || !url.startsWith("oci:"),
    "signature: it can't be fetched for an image in a registry: give its bytes",
  );
