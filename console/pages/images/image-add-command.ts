import { SignatureFormat } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { ImageService } from "../../../gen/farrier/operator/v1/image_pb.ts";
import { catalogueNameExpected, catalogueNamePattern } from "../../../src/contract/catalogue/catalogue-reference.ts";
import { imageDigest, imageDigestExpected, imageReference } from "../../../src/contract/image-reference.ts";
import { prepare, type PreparedCommand } from "../../commands/prepared.ts";
import { fileLines } from "../../commands/twins.ts";

/** What is typed into the form of a new image. */
export interface ImageAddForm {
  name: string;
  url: string;
  /** Empty: as it is when it is first fetched. */
  digest: string;
  /** Text of a minisign or cosign public key; "" demands no signature. */
  signatureKey: string;
}

/** What is wrong, by field; an empty field that is needed is "missing". Pure. */
export function imageAddProblems({ name, url, digest }: ImageAddForm): Partial<Record<keyof ImageAddForm, string>> {
  const reference = imageReference(url.trim());
  return {
    ...(name === "" ? { name: "missing" } : {}),
    ...(name !== "" && !catalogueNamePattern.test(name) ? { name: `expected ${catalogueNameExpected}` } : {}),
    ...(url.trim() === "" ? { url: "missing" } : {}),
    ...(url.trim() !== "" && reference.kind === "invalid" ? { url: `expected ${reference.expected}` } : {}),
    ...(digest.trim() !== "" && imageDigest(digest.trim()) === undefined
      ? { digest: `expected ${imageDigestExpected}` }
      : {}),
  };
}

/** The command that adds an image, or a version of one. */
export function imageAddPrepare(form: ImageAddForm, requestId: string): PreparedCommand {
  const key = form.signatureKey.trim();
  // cosign's keys are PEM; minisign's are a comment and a line of base64.
  const format = key.startsWith("-----BEGIN") ? SignatureFormat.COSIGN : SignatureFormat.MINISIGN;
  return prepare({
    machineId: "",
    title: form.name,
    method: ImageService.method.imageAdd,
    message: {
      requestId,
      name: form.name,
      url: form.url.trim(),
      digest: form.digest.trim(),
      ...(key === "" ? {} : { signature: { format, publicKey: new TextEncoder().encode(`${key}\n`) } }),
    },
    words: (message) => [
      ...["image", "add", message.name, "--url", message.url],
      ...(message.digest === "" ? [] : ["--digest", message.digest]),
      ...(message.signature === undefined
        ? []
        : [message.signature.format === SignatureFormat.COSIGN ? "--cosign-key" : "--minisign-key", "image-key.pub"]),
      ...["--request-id", message.requestId],
    ],
    files: ({ signature }) => (signature === undefined ? [] : fileLines("image-key.pub", signature.publicKey)),
    done: ({ image }) => `${image?.name ?? form.name}@${image?.version ?? ""} is added; the server fetches it`,
  });
}
