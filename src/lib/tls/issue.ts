import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";
import { der, derBits, derOid, derTag } from "./der.ts";
import { ipBytes } from "../net/ip-bytes.ts";
import type { ServerName } from "./names.ts";

/** A new private key on P-256, which every TLS library accepts; BoringSSL refuses Ed25519 certificates by default. */
export function keyMake(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;
}

/** The key in PKCS #8 PEM. */
export function keyPem(key: KeyObject): string {
  return key.export({ format: "pem", type: "pkcs8" });
}

/**
 * The CA's certificate. Its name is derived from the key, so that a certificate that is issued again is the same CA for
 * clients that trust the earlier one.
 */
export function authorityIssue(key: KeyObject): X509Certificate {
  return issue({
    serial: Buffer.from([1]),
    subject: authorityName(key),
    key,
    authority: key,
    extensions: [
      extension(
        "2.5.29.19",
        der(derTag.sequence, der(derTag.boolean, octets(0xff)), der(derTag.integer, octets(0))),
        true,
      ),
      // keyCertSign and cRLSign: bits 5 and 6.
      extension("2.5.29.15", derBits(octets(0x06), 1), true),
    ],
  });
}

/** A server certificate for these names, signed by the CA's key. */
export function serverIssue(key: KeyObject, names: readonly ServerName[], authority: KeyObject): X509Certificate {
  const altNames = names.map(({ type, value }) =>
    type === "dns" ? der(0x82, Buffer.from(value, "latin1")) : der(0x87, ipBytes(value)),
  );
  return issue({
    // Unique; the first byte makes it positive and without leading zeros.
    serial: Buffer.concat([octets(0x40), randomBytes(15)]),
    subject: "Farrier server",
    key,
    authority,
    extensions: [
      extension("2.5.29.19", der(derTag.sequence), true),
      // digitalSignature: bit 0.
      extension("2.5.29.15", derBits(octets(0x80), 7), true),
      // Extended key usage: server authentication.
      extension("2.5.29.37", der(derTag.sequence, derOid("1.3.6.1.5.5.7.3.1"))),
      extension("2.5.29.17", der(derTag.sequence, ...altNames)),
      extension("2.5.29.35", der(derTag.sequence, der(0x80, keyIdentifier(authority)))),
    ],
  });
}

/** Assembles a certificate (RFC 5280, 4.1) and signs it: ECDSA with SHA-256 (RFC 5758). */
function issue(options: {
  readonly serial: Buffer;
  readonly subject: string;
  readonly key: KeyObject;
  readonly authority: KeyObject;
  readonly extensions: readonly Buffer[];
}): X509Certificate {
  const algorithm = der(derTag.sequence, derOid("1.2.840.10045.4.3.2"));
  const identifier = extension("2.5.29.14", der(derTag.octetString, keyIdentifier(options.key)));
  const body = der(
    derTag.sequence,
    // Version 3.
    der(0xa0, der(derTag.integer, octets(2))),
    der(derTag.integer, options.serial),
    algorithm,
    name(authorityName(options.authority)),
    // From 1970 to the last representable instant (4.1.2.5), because clocks of fresh machines are wrong.
    der(
      derTag.sequence,
      der(derTag.utcTime, Buffer.from("700101000000Z")),
      der(derTag.generalizedTime, Buffer.from("99991231235959Z")),
    ),
    name(options.subject),
    publicKey(options.key),
    der(0xa3, der(derTag.sequence, ...options.extensions, identifier)),
  );
  const signature = derBits(sign("sha256", body, options.authority));
  return new X509Certificate(der(derTag.sequence, body, algorithm, signature));
}

function extension(oid: string, value: Buffer, critical = false): Buffer {
  const flag = critical ? [der(derTag.boolean, octets(0xff))] : [];
  return der(derTag.sequence, derOid(oid), ...flag, der(derTag.octetString, value));
}

/** A distinguished name with only a common name. */
function name(commonName: string): Buffer {
  const attribute = der(derTag.sequence, derOid("2.5.4.3"), der(derTag.utf8String, Buffer.from(commonName)));
  return der(derTag.sequence, der(derTag.set, attribute));
}

function authorityName(key: KeyObject): string {
  return `Farrier CA ${keyIdentifier(key).toString("hex").slice(0, 16)}`;
}

/** RFC 7093, method 1, over the whole public key instead of only its bits: only equality matters. */
function keyIdentifier(key: KeyObject): Buffer {
  return createHash("sha256").update(publicKey(key)).digest().subarray(0, 20);
}

function publicKey(key: KeyObject): Buffer {
  return createPublicKey(keyPem(key)).export({ format: "der", type: "spki" });
}

function octets(...bytes: number[]): Buffer {
  return Buffer.from(bytes);
}
