import { signatureCheck } from "../../agent/install/image/signature.ts";
import type { Signature } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { digestListMost, digestOfList, listedName } from "../../contract/catalogue/digest-list.ts";
import type { ImageSource, SourceSignature } from "../../contract/catalogue/image-source.ts";
import { shownUrl } from "../../lib/net/shown-url.ts";
import { CatalogueError } from "../errors.ts";

/** Maximum bytes of a signature. */
export const signatureMost = 64 << 10;

/**
 * The digest of an image by a list, which must be signed.
 * @param fetch fetches a small file whole
 * @returns sha256:HEX
 * @throws {CatalogueError} `unproven`; {AgentError}
 */
export async function digestProven(
  from: NonNullable<ImageSource["digestFrom"]>,
  image: string,
  fetch: (url: URL, most: number) => Promise<Uint8Array>,
): Promise<string> {
  const list =
    "list" in from ? Buffer.from(from.list, "base64") : Buffer.from(await fetch(new URL(from.url), digestListMost));
  const shown = "list" in from ? "the list of digests" : `the list of digests ${shownUrl(from.url)}`;
  const check = await signatureCheck(signatureMessage(from.signature), (suffix) => {
    if ("list" in from) {
      throw new CatalogueError("unproven", "the signature of the list of digests is missing: give it with the list");
    }
    const url = new URL(from.url);
    url.pathname += suffix;
    return fetch(url, signatureMost);
  });
  check.update(list);
  if (!check.holds()) {
    throw new CatalogueError(
      "unproven",
      `the signature does not match ${shown}: sign exactly this list, or give the key that signed it`,
    );
  }
  const name = listedName(new URL(image));
  const found = name === undefined ? undefined : digestOfList(list.toString("utf8"), name);
  if (found === undefined || "problem" in found) {
    throw new CatalogueError("unproven", `${shown}: ${found?.problem ?? "the image's URL has no name of a file"}`);
  }
  return found.digest;
}

/** A signature as agents get it. */
export function signatureMessage({ format, publicKey, signature }: SourceSignature): Signature {
  return {
    $typeName: "farrier.agent.v1.Signature",
    format,
    publicKey: Uint8Array.from(Buffer.from(publicKey, "base64")),
    signature: Uint8Array.from(Buffer.from(signature, "base64")),
  };
}
