/** Bytes as lower-case hex digits. */
export function hex(bytes: Uint8Array, separator = ""): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(separator);
}
