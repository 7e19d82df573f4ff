// Signatures of minisign (https://jedisct1.github.io/minisign/, "Signature format" and "Public key format").
import { createHash, verify, type KeyObject } from "node:crypto";
import { minisignKey } from "../../../contract/signature-key.ts";
import { AgentError } from "../../errors.ts";
import type { SignatureCheck } from "./signature-check.ts";

const signatureBytes = 74;
const untrusted = "untrusted comment:";
const trusted = "trusted comment: ";
// A legacy signature covers the file itself, which must therefore be held in memory.
const legacyMost = 128 << 20;

/**
 * Makes the check of an image's bytes against a signature.
 * @throws {AgentError} `request_invalid` for a bad key, `signature_invalid` for a malformed signature, or one of
 * another key
 */
export function minisignCheck(publicKey: Uint8Array, signature: Uint8Array): SignatureCheck {
  const known = minisignKey(publicKey);
  if (known === undefined) {
    throw new AgentError(
      "request_invalid",
      "the signature's public key is not a minisign key: expected a .pub file, or its line that begins with RW",
    );
  }
  const { id, key } = known;
  const [first = "", encoded = "", comment = "", encodedGlobal = ""] = Buffer.from(signature)
    .toString("utf8")
    .split(/\r?\n/u);
  const bytes = Buffer.from(encoded, "base64");
  const global = Buffer.from(encodedGlobal, "base64");
  if (!first.startsWith(untrusted) || bytes.length !== signatureBytes || !comment.startsWith(trusted)) {
    throw new AgentError(
      "signature_invalid",
      "the signature is not a minisign signature: expected the four lines of a .minisig file",
    );
  }
  if (!bytes.subarray(2, 10).equals(id)) {
    throw new AgentError(
      "signature_invalid",
      `the signature was made with the key ${keyId(bytes.subarray(2, 10))}, expected ${keyId(id)}: sign with the right ` +
        "key, or give the key that signs",
    );
  }
  const own = bytes.subarray(10);
  if (!verify(null, Buffer.concat([own, Buffer.from(comment.slice(trusted.length))]), key, global)) {
    throw new AgentError("signature_invalid", "the signature's trusted comment was altered: get the signature again");
  }
  switch (bytes.toString("latin1", 0, 2)) {
    case "ED":
      return prehashed(key, own);
    case "Ed":
      return legacy(key, own);
    default:
      throw new AgentError("signature_invalid", "the signature's algorithm is unknown to this agent");
  }
}

function prehashed(key: KeyObject, signature: Buffer): SignatureCheck {
  const hash = createHash("blake2b512");
  return { update: (chunk) => void hash.update(chunk), holds: () => verify(null, hash.digest(), key, signature) };
}

function legacy(key: KeyObject, signature: Buffer): SignatureCheck {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return {
    update: (chunk) => {
      bytes += chunk.length;
      if (bytes > legacyMost) {
        throw new AgentError(
          "unsupported",
          `the signature is of minisign's legacy kind, which can be checked for images up to ${legacyMost} bytes: sign ` +
            "with minisign 0.10 or later, or with minisign -H",
        );
      }
      chunks.push(Buffer.from(chunk));
    },
    holds: () => verify(null, Buffer.concat(chunks), key, signature),
  };
}

/** As minisign prints it. */
function keyId(id: Buffer): string {
  return Buffer.from(id.toReversed()).toString("hex").toUpperCase();
}
