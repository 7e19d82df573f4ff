import { SignatureFormat, type Signature } from "../../../../gen/farrier/agent/v1/image/image_pb.ts";
import { AgentError } from "../../errors.ts";
import { cosignCheck } from "./cosign.ts";
import { minisignCheck } from "./minisign.ts";
import type { SignatureCheck } from "./signature-check.ts";

/** The check of each kind of signature, and the suffix of its file next to the image. */
const kinds: Partial<Record<SignatureFormat, { suffix: string; check: typeof minisignCheck }>> = {
  [SignatureFormat.MINISIGN]: { suffix: ".minisig", check: minisignCheck },
  [SignatureFormat.COSIGN]: { suffix: ".sig", check: cosignCheck },
};

/**
 * Makes the check of an image before its first byte is fetched. `fetch` fetches the file with this suffix next to the
 * image, if the request has no signature of its own.
 * @throws {AgentError} `request_invalid`, `signature_invalid`, and what `fetch` throws
 */
export async function signatureCheck(
  asked: Signature,
  fetch: (suffix: string) => Promise<Uint8Array>,
): Promise<SignatureCheck> {
  const kind = kinds[asked.format];
  if (kind === undefined) {
    throw new AgentError(
      "request_invalid",
      `the signature's format, ${asked.format}, is unknown to this agent: expected minisign or cosign`,
    );
  }
  const bytes = asked.signature.length > 0 ? asked.signature : await fetch(kind.suffix);
  return kind.check(asked.publicKey, bytes);
}
