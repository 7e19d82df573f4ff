import type { Signature } from "../../../../gen/farrier/agent/v1/image/image_pb.ts";
import { SignatureFormat } from "../../../../gen/farrier/agent/v1/image/image_pb.ts";
import { AgentError } from "../../errors.ts";
import { cosignCheck } from "./cosign.ts";
import { minisignCheck } from "./minisign.ts";

/** Checks the bytes of an image, as they are fetched, against a signature. */
export interface SignatureCheck {
  update(chunk: Buffer): void;
  /** Whether the signature is of what went through. Once. */
  holds(): boolean;
}

/** What each kind of signature is checked by, and how its file beside the image's is called. */
const kinds: Partial<Record<SignatureFormat, { suffix: string; check: typeof minisignCheck }>> = {
  [SignatureFormat.MINISIGN]: { suffix: ".minisig", check: minisignCheck },
  [SignatureFormat.COSIGN]: { suffix: ".sig", check: cosignCheck },
};

/**
 * What checks an image, before its first byte is fetched. `fetch` fetches what lies beside the image with this suffix, where
 * the request does not bring the signature.
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
      `the signature's format, ${asked.format}, is none that this agent knows: expected minisign or cosign`,
    );
  }
  const bytes = asked.signature.length > 0 ? asked.signature : await fetch(kind.suffix);
  return kind.check(asked.publicKey, bytes);
}
