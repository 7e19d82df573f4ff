import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { hexText } from "../lib/format/hex.ts";
import { SecretsError } from "./errors.ts";
import type { SecretsKey } from "./secrets-key.ts";

/** The row that sealed bytes belong to: they can't be opened as another row's. */
export interface SealedPlace {
  table: string;
  /** The row's key as text. */
  row: string;
  /** The purpose of the secret in that row. */
  purpose: string;
}

// magic (4 bytes) | version (1) | key id (8) | nonce (12) | ciphertext | tag (16). No protobuf message begins with a
// zero byte (there is no field 0), and no password or key file does, so the first bytes distinguish sealed bytes from
// clear text. The SQL function sealed_key reads the same bytes.
const magic = Buffer.from([0x00, 0x66, 0x72, 0x73]);
const version = 1;
const idEnd = magic.length + 1 + 8;
const nonceBytes = 12;
const textBegin = idEnd + nonceBytes;
const tagBytes = 16;
const algorithm = "aes-256-gcm";

/** Bytes that sealing adds. */
export const sealedOverhead = textBegin + tagBytes;

/** The id of the sealing key; undefined for clear text. Pure. */
export function sealedKeyId(stored: Uint8Array): string | undefined {
  return stored.length >= sealedOverhead &&
    stored[magic.length] === version &&
    magic.equals(stored.subarray(0, magic.length))
    ? hexText(stored.subarray(magic.length + 1, idEnd))
    : undefined;
}

/** Seals with AES-256-GCM and a new nonce (NIST SP 800-38D); the result can only be opened for the same place. */
export function seal(key: SecretsKey, place: SealedPlace, clear: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = Buffer.concat([magic, Buffer.of(version), Buffer.from(key.id, "hex"), randomBytes(nonceBytes)]);
  const cipher = createCipheriv(algorithm, key.sealing, head.subarray(idEnd));
  cipher.setAAD(boundTo(head, place));
  return Uint8Array.from(Buffer.concat([head, cipher.update(clear), cipher.final(), cipher.getAuthTag()]));
}

/**
 * Opens what {@link seal} made. `key` must be the key whose id is {@link sealedKeyId}.
 * @throws {SecretsError} `altered`
 */
export function unseal(key: SecretsKey, place: SealedPlace, sealed: Uint8Array): Uint8Array<ArrayBuffer> {
  try {
    const decipher = createDecipheriv(algorithm, key.sealing, sealed.subarray(idEnd, textBegin), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(boundTo(sealed, place));
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
    const clear = decipher.update(sealed.subarray(textBegin, sealed.length - tagBytes));
    return Uint8Array.from(Buffer.concat([clear, decipher.final()]));
  } catch (cause) {
    throw new SecretsError(
      "altered",
      `what is sealed in ${place.table} (${place.purpose}) does not open with key ${key.id}: it was altered, or copied ` +
        "from another row. Store it again",
      { cause },
    );
  }
}

/** The associated data. It includes the lengths, so that two different places never give the same bytes. */
function boundTo(head: Uint8Array, { table, row, purpose }: SealedPlace): Buffer {
  const place = [table, row, purpose].map((part) => `${Buffer.byteLength(part)}:${part}`).join("");
  return Buffer.concat([head.subarray(0, idEnd), Buffer.from(place)]);
}
