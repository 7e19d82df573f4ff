/**
 * Bytes as an element of a PostgreSQL array literal of type bytea[], in which the backslash of the hex form is escaped.
 */
export function byteaLiteral(value: Uint8Array): string {
  return `\\\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`;
}
