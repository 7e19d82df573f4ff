/** Maximum size of an inventory in bytes: 100,000 machines have about 20 MiB. */
export const inventoryBytes = 32 * 1024 * 1024;

/** The sign in the place of bytes that are no UTF-8. */
export const undecodable = "\uFFFD";

/**
 * The text of an inventory's bytes: UTF-8 with or without a byte order mark, or UTF-16 with one, as spreadsheets export
 * it. Bytes that are no UTF-8 become U+FFFD, and line ends "\n". Pure.
 */
export function inventoryDecode(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  return new TextDecoder(encoding).decode(bytes).replaceAll("\r\n", "\n").replaceAll("\r", "\n");
}
