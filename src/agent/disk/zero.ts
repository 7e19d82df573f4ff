const zeros = Buffer.alloc(1 << 20);

/** Whether all bytes are zero. */
export function isZero(bytes: Buffer): boolean {
  // Most other blocks show it at once.
  if (bytes.length === 0 || bytes[0] !== 0 || bytes[bytes.length - 1] !== 0) {
    return bytes.length === 0;
  }
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const end = Math.min(bytes.length, at + zeros.length);
    if (bytes.compare(zeros, 0, end - at, at, end) !== 0) {
      return false;
    }
  }
  return true;
}
