import { sign } from "node:crypto";
import { ed25519PrivateKeyObject, ed25519PublicKeyObject } from "./ed25519.ts";

// DER tags (ITU-T X.690, 8).
const tag = {
  integer: 0x02,
  bitString: 0x03,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
} as const;
const ed25519Oid = Buffer.from("2b6570", "hex");
const commonNameOid = Buffer.from("550403", "hex");
// A PKCS common name has at most this many characters (RFC 5280, appendix A, ub-common-name).
const commonNameLimit = 64;

/**
 * A self-signed certificate for an Ed25519 key (64 raw bytes: seed, then public key), serial 1, without extensions, PEM.
 * It only carries the public key, which the TLS handshake proves: so it is valid from 1970 to the last instant that a
 * certificate can name (RFC 5280, 4.1.2.5), and no clock, however wrong, makes it useless. It is written out here, field
 * by field (RFC 5280, 4.1), because the form is fixed and small, and a program in a machine's RAM wants few libraries.
 * @throws {RangeError} when the key is not one, or the name is empty or has more than 64 characters
 */
export function selfSignedCertificate(privateKey: Uint8Array, commonName: string): string {
  if (commonName.length === 0 || commonName.length > commonNameLimit) {
    throw new RangeError(`a common name has 1 to ${commonNameLimit} characters, this one has ${commonName.length}`);
  }
  const key = ed25519PrivateKeyObject(privateKey);
  const spki = ed25519PublicKeyObject(privateKey.subarray(32)).export({ format: "der", type: "spki" });
  const algorithm = der(tag.sequence, der(tag.oid, ed25519Oid));
  const attribute = der(tag.sequence, der(tag.oid, commonNameOid), der(tag.utf8String, Buffer.from(commonName)));
  const name = der(tag.sequence, der(tag.set, attribute));
  const validity = der(
    tag.sequence,
    der(tag.utcTime, Buffer.from("700101000000Z")),
    der(tag.generalizedTime, Buffer.from("99991231235959Z")),
  );
  const body = der(
    tag.sequence,
    der(tag.version, der(tag.integer, Buffer.from([2]))),
    der(tag.integer, Buffer.from([1])),
    algorithm,
    name,
    validity,
    name,
    spki,
  );
  const signature = der(tag.bitString, Buffer.from([0]), sign(null, body, key));
  const base64 = der(tag.sequence, body, algorithm, signature).toString("base64");
  const lines = base64.match(/.{1,64}/gu) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function der(kind: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  // A certificate of this form is far below 65,536 bytes: two bytes of length are enough.
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([kind, ...head]), content]);
}
