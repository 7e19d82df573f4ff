import { hexText } from "../format/hex.ts";

/**
 * An interface's EUI-48 as `aa:bb:cc:dd:ee:ff`, from any notation (colons, hyphens as in iPXE's `hexhyp`, Cisco's dots,
 * none); undefined for anything else, all zeros, and group addresses (IEEE 802: the first byte's lowest bit).
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

/** The same from six bytes. */
export function macOfBytes(bytes: Uint8Array): string | undefined {
  const first = bytes[0] ?? 0;
  if (bytes.length !== 6 || (first & 1) === 1 || bytes.every((byte) => byte === 0)) {
    return undefined;
  }
  return hexText(bytes, ":");
}

/** Addresses that makers gave to a port of every board, such as the host's end of a management controller's USB network. */
const sharedByMakers = new Set(["be:3a:f2:b6:05:9f", "0a:ca:fe:f0:0d:04"]);

/** Whether an interface's address, as {@link macParse} returns it, can identify a machine. Pure. */
export function macTellsApart(mac: string): boolean {
  return !sharedByMakers.has(mac);
}
