import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** Bytes of an Ed25519 public key (RFC 8032, 5.1.5). */
const ed25519PublicKeyBytes = 32;
/** Bytes of a raw private key as it is stored: the seed, followed by the public key. */
const ed25519PrivateKeyBytes = 64;

const seedBytes = 32;
// The DER prefix before the raw key is the same for every Ed25519 key (RFC 8410, sections 4 and 7).
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** A raw key pair. */
export interface Ed25519KeyPair {
  /** 32 bytes. */
  publicKey: Uint8Array<ArrayBuffer>;
  /** 64 bytes: seed, then public key. */
  privateKey: Uint8Array<ArrayBuffer>;
}

/** Makes a new key pair from the system's random numbers. */
export function ed25519KeyPair(): Ed25519KeyPair {
  const pair = generateKeyPairSync("ed25519");
  const seed = pair.privateKey.export({ format: "der", type: "pkcs8" }).subarray(-seedBytes);
  const publicKey = ed25519RawPublicKey(pair.publicKey);
  return { publicKey, privateKey: Uint8Array.from([...seed, ...publicKey]) };
}

/** The 32 bytes of a public key. @throws {RangeError} if the key has another type */
export function ed25519RawPublicKey(key: KeyObject): Uint8Array<ArrayBuffer> {
  if (key.asymmetricKeyType !== "ed25519") {
    throw new RangeError(`the key is ${key.asymmetricKeyType ?? "a secret"}, expected an Ed25519 key`);
  }
  const spki = (key.type === "private" ? createPublicKey(key) : key).export({ format: "der", type: "spki" });
  return Uint8Array.from(spki.subarray(-ed25519PublicKeyBytes));
}

/** Node's public key from the 32 raw bytes. @throws {RangeError} for another length */
export function ed25519PublicKeyObject(publicKey: Uint8Array): KeyObject {
  requireLength(publicKey, ed25519PublicKeyBytes, "public key");
  return createPublicKey({ key: Buffer.concat([spkiPrefix, publicKey]), format: "der", type: "spki" });
}

/**
 * Node's private key from the 64 raw bytes.
 * @throws {RangeError} if the length is wrong, or if the second half is not the public key of the first
 */
export function ed25519PrivateKeyObject(privateKey: Uint8Array): KeyObject {
  requireLength(privateKey, ed25519PrivateKeyBytes, "private key (seed, then public key)");
  const seed = privateKey.subarray(0, seedBytes);
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: "der", type: "pkcs8" });
  if (!Buffer.from(ed25519RawPublicKey(key)).equals(privateKey.subarray(seedBytes))) {
    throw new RangeError("the private key's second half is not the public key of its first half: make a new key");
  }
  return key;
}

/** The private key as PKCS#8 PEM, for TLS libraries. @throws {RangeError} as ed25519PrivateKeyObject */
export function ed25519PrivateKeyPem(privateKey: Uint8Array): string {
  return ed25519PrivateKeyObject(privateKey).export({ format: "pem", type: "pkcs8" });
}

function requireLength(bytes: Uint8Array, expected: number, what: string): void {
  if (bytes.length !== expected) {
    throw new RangeError(`an Ed25519 ${what} has ${expected} bytes, this one has ${bytes.length}`);
  }
}
