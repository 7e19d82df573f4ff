/**
 * An interface's EUI-48 as `aa:bb:cc:dd:ee:ff`, whatever way it was written (colons, hyphens as iPXE's `hexhyp`, Cisco's
 * dots, none); undefined for anything else, all zeros, and the addresses of groups (IEEE 802: the first byte's lowest bit).
 */
export function macParse(text: string): string | undefined {
  const hex = text.toLowerCase();
  if (
    !/^(?:[0-9a-f]{2}(?<separator>[:-]?)(?:[0-9a-f]{2}\k<separator>){4}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4})$/u.test(
      hex,
    )
  ) {
    return undefined;
  }
  return macOfBytes(Buffer.from(hex.replaceAll(/[^0-9a-f]/gu, ""), "hex"));
}

/** The same of its six bytes. */
export function macOfBytes(bytes: Uint8Array): string | undefined {
  const first = bytes[0] ?? 0;
  if (bytes.length !== 6 || (first & 1) === 1 || bytes.every((byte) => byte === 0)) {
    return undefined;
  }
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}
