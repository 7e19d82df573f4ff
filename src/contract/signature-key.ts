// The keys of images' signatures: checked when an installation is requested, and used when it is carried out.
import { createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** A minisign key; signatures name the key that made them. */
export interface MinisignKey {
  id: Buffer;
  key: KeyObject;
}

const minisignBytes = 42;

/**
 * Parses a minisign public key from the text of a .pub file, its second line, or the decoded bytes; undefined if it is
 * not one. Pure.
 */
export function minisignKey(given: Uint8Array): MinisignKey | undefined {
  const raw = Buffer.from(given);
  const line = raw.toString("utf8").trim().split(/\r?\n/u).at(-1) ?? "";
  const bytes = raw.length === minisignBytes ? raw : Buffer.from(line, "base64");
  if (bytes.length !== minisignBytes || bytes.toString("latin1", 0, 2) !== "Ed") {
    return undefined;
  }
  const x = bytes.subarray(10).toString("base64url");
  return { id: bytes.subarray(2, 10), key: createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" }) };
}

/** Parses a cosign.pub: an ECDSA key on P-256 in PEM; undefined if it is not one. Pure. */
export function cosignKey(given: Uint8Array): KeyObject | undefined {
  try {
    const key = createPublicKey(Buffer.from(given));
    return key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1" ? key : undefined;
  } catch {
    // Not a key at all.
    return undefined;
  }
}
