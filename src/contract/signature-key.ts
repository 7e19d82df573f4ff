// Which keys images are signed with: checked when an installation is asked for, and used when it is carried out.
import { createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** A minisign key: signatures name the one that made them. */
export interface MinisignKey {
  id: Buffer;
  key: KeyObject;
}

const minisignBytes = 42;

/**
 * A minisign public key, out of the text of a .pub file, its second line alone, or the bytes that this encodes; undefined = it
 * is none. Pure.
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

/** The key of a cosign.pub, which is an ECDSA key on P-256 in PEM; undefined = it is none. Pure. */
export function cosignKey(given: Uint8Array): KeyObject | undefined {
  try {
    const key = createPublicKey(Buffer.from(given));
    return key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1" ? key : undefined;
  } catch {
    // No key at all is as little one of cosign's.
    return undefined;
  }
}
