import { createHash } from "node:crypto";
import { hexText } from "./hex.ts";

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;

/** True for the 36-character form of a UUID, in any letter case. Pure. */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

/** The usual notation of a UUID's 16 bytes, in lower case. Pure. */
export function uuidOfBytes(bytes: Uint8Array): string {
  const parts = [bytes.subarray(0, 4), bytes.subarray(4, 6), bytes.subarray(6, 8), bytes.subarray(8, 10)];
  return [...parts, bytes.subarray(10, 16)].map((part) => hexText(part)).join("-");
}

/**
 * A UUID derived from a text, always the same for the same text: version 8 (RFC 9562, 5.8), from the text's SHA-256.
 * Pure.
 */
export function uuidOfText(text: string): string {
  const hash = createHash("sha256").update(text).digest();
  hash.writeUInt8(0x80 | (hash.readUInt8(6) & 0x0f), 6);
  hash.writeUInt8(0x80 | (hash.readUInt8(8) & 0x3f), 8);
  return uuidOfBytes(hash.subarray(0, 16));
}
