// Signatures of `cosign sign-blob --key`: ECDSA on P-256 over SHA-256, in base64.
import { createVerify } from "node:crypto";
import { cosignKey } from "../../../contract/signature-key.ts";
import { AgentError } from "../../errors.ts";
import type { SignatureCheck } from "./signature.ts";

// ASN.1: a SEQUENCE. No base64 begins with it.
const derSequence = 0x30;
const signatureMost = 80;

/**
 * What checks the bytes of an image against a signature.
 * @throws {AgentError} `request_invalid` for a key, `signature_invalid` for a signature that is none
 */
export function cosignCheck(publicKey: Uint8Array, signature: Uint8Array): SignatureCheck {
  const key = cosignKey(publicKey);
  if (key === undefined) {
    throw new AgentError(
      "request_invalid",
      "the signature's public key is none of cosign's: expected a cosign.pub, which is an ECDSA key on P-256 in PEM",
    );
  }
  const given = Buffer.from(signature);
  const bytes = given[0] === derSequence ? given : Buffer.from(given.toString("latin1").trim(), "base64");
  if (bytes[0] !== derSequence || bytes.length > signatureMost) {
    throw new AgentError(
      "signature_invalid",
      "the signature is none of cosign's: expected what `cosign sign-blob --key … --output-signature FILE` writes, in base64",
    );
  }
  const check = createVerify("sha256");
  return { update: (chunk) => void check.update(chunk), holds: () => check.verify(key, bytes) };
}
