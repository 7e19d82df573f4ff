/** Bytes as lower-case hex digits, with a separator between bytes. Pure. */
export function hexText(bytes: Uint8Array, separator = ""): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(separator);
}
