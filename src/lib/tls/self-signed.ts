import { sign } from "node:crypto";
import { der, derBits, derOid, derTag } from "./der.ts";
import { ed25519PrivateKeyObject, ed25519PublicKeyObject } from "./ed25519.ts";

// RFC 8410, 3, and ITU-T X.520, 6.2.2.
const ed25519Oid = "1.3.101.112";
const commonNameOid = "2.5.4.3";
// [0] EXPLICIT, which only a certificate's version has.
const versionTag = 0xa0;
// A common name has at most this many characters (RFC 5280, appendix A, ub-common-name).
const commonNameLimit = 64;

/** The first and last year in which a certificate is valid; default 1970 to 9999. */
interface ValidYears {
  from: number;
  to: number;
}

/**
 * A self-signed certificate in PEM for an Ed25519 key (64 raw bytes: seed, then public key), with serial 1 and without
 * extensions. It only carries the public key, which the TLS handshake proves. So it is valid from 1970 to the last
 * representable instant (RFC 5280, 4.1.2.5), and no wrong clock makes it useless (`valid` exists to test that dates are
 * ignored). It is encoded here, field by field (RFC 5280, 4.1), because the form is fixed and small, and a program in a
 * machine's RAM should need few libraries.
 * @throws {RangeError} if the key is invalid, or the name is empty or has more than 64 characters
 */
export function selfSignedCertificate(
  privateKey: Uint8Array,
  commonName: string,
  valid: ValidYears = { from: 1970, to: 9999 },
): string {
  if (commonName.length === 0 || commonName.length > commonNameLimit) {
    throw new RangeError(`a common name has 1 to ${commonNameLimit} characters, this one has ${commonName.length}`);
  }
  const key = ed25519PrivateKeyObject(privateKey);
  const spki = ed25519PublicKeyObject(privateKey.subarray(32)).export({ format: "der", type: "spki" });
  const algorithm = der(derTag.sequence, derOid(ed25519Oid));
  const commonNameValue = der(derTag.utf8String, Buffer.from(commonName));
  const name = der(derTag.sequence, der(derTag.set, der(derTag.sequence, derOid(commonNameOid), commonNameValue)));
  const validity = der(derTag.sequence, time(`${valid.from}0101000000Z`), time(`${valid.to}1231235959Z`));
  const version = der(versionTag, der(derTag.integer, Buffer.from([2])));
  const serial = der(derTag.integer, Buffer.from([1]));
  const body = der(derTag.sequence, version, serial, algorithm, name, validity, name, spki);
  const signature = derBits(sign(null, body, key));
  const base64 = der(derTag.sequence, body, algorithm, signature).toString("base64");
  const lines = base64.match(/.{1,64}/gu) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/** Years before 2050 are written with two digits (RFC 5280, 4.1.2.5). */
function time(text: string): Buffer {
  return text < "2050"
    ? der(derTag.utcTime, Buffer.from(text.slice(2)))
    : der(derTag.generalizedTime, Buffer.from(text));
}
