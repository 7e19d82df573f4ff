// Signatures of minisign (https://jedisct1.github.io/minisign/, "Signature format" and "Public key format").
import { createHash, createPublicKey, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { AgentError } from "../errors.ts";
import type { SignatureCheck } from "./signature.ts";

const keyBytes = 42;
const signatureBytes = 74;
const untrusted = "untrusted comment:";
const trusted = "trusted comment: ";
// A legacy signature is of the file itself, which must therefore be held in memory.
const legacyMost = 128 << 20;

interface PublicKey {
  id: Buffer;
  key: KeyObject;
}

/**
 * What checks the bytes of an image against a signature.
 * @throws {AgentError} `request_invalid` for a key, `signature_invalid` for a signature that is none, or another key's
 */
export function minisignCheck(publicKey: Uint8Array, signature: Uint8Array): SignatureCheck {
  const { id, key } = readKey(Buffer.from(publicKey));
  const [first = "", encoded = "", comment = "", encodedGlobal = ""] = Buffer.from(signature)
    .toString("utf8")
    .split(/\r?\n/u);
  const bytes = Buffer.from(encoded, "base64");
  const global = Buffer.from(encodedGlobal, "base64");
  if (!first.startsWith(untrusted) || bytes.length !== signatureBytes || !comment.startsWith(trusted)) {
    throw new AgentError(
      "signature_invalid",
      "the signature is none of minisign's: expected the four lines of a .minisig file",
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
    throw new AgentError("signature_invalid", "the signature's trusted comment was altered: get the signature anew");
  }
  switch (bytes.toString("latin1", 0, 2)) {
    case "ED":
      return prehashed(key, own);
    case "Ed":
      return legacy(key, own);
    default:
      throw new AgentError("signature_invalid", "the signature is of a kind that this agent does not know");
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

/** The text of a .pub file, its second line alone, or the bytes that this encodes. */
function readKey(given: Buffer): PublicKey {
  const lines = given.toString("utf8").trim().split(/\r?\n/u);
  const bytes = given.length === keyBytes ? given : Buffer.from(lines.at(-1) ?? "", "base64");
  if (bytes.length !== keyBytes || bytes.toString("latin1", 0, 2) !== "Ed") {
    throw new AgentError(
      "request_invalid",
      "the signature's public key is none of minisign's: expected a .pub file, or its line that begins with RW",
    );
  }
  const x = bytes.subarray(10).toString("base64url");
  return { id: bytes.subarray(2, 10), key: createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" }) };
}

/** As minisign prints it. */
function keyId(id: Buffer): string {
  return Buffer.from(id.toReversed()).toString("hex").toUpperCase();
}
