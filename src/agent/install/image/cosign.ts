// Signatures of `cosign sign-blob --key`: ECDSA on P-256 over SHA-256, in base64.
import { createVerify } from "node:crypto";
import { cosignKey } from "../../../contract/signature-key.ts";
import { AgentError } from "../../errors.ts";
import type { SignatureCheck } from "./signature-check.ts";

// ASN.1: a SEQUENCE. No base64 text begins with this byte.
const derSequence = 0x30;
const signatureMost = 80;

/**
 * Makes the check of an image's bytes against a signature.
 * @throws {AgentError} `request_invalid` for a bad key, `signature_invalid` for a malformed signature
 */
export function cosignCheck(publicKey: Uint8Array, signature: Uint8Array): SignatureCheck {
  const key = cosignKey(publicKey);
  if (key === undefined) {
    throw new AgentError(
      "request_invalid",
      "the signature's public key is not a cosign key: expected a cosign.pub, which is an ECDSA key on P-256 in PEM",
    );
  }
  const given = Buffer.from(signature);
  const bytes = given[0] === derSequence ? given : Buffer.from(given.toString("latin1").trim(), "base64");
  if (bytes[0] !== derSequence || bytes.length > signatureMost) {
    throw new AgentError(
      "signature_invalid",
      "the signature is not a cosign signature: expected the output of `cosign sign-blob --key … --output-signature FILE`, in base64",
    );
  }
  const check = createVerify("sha256");
  return { update: (chunk) => void check.update(chunk), holds: () => check.verify(key, bytes) };
}
