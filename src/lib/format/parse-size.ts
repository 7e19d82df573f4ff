const decimal = ["", "k", "m", "g", "t", "p"];
const binary = ["", "ki", "mi", "gi", "ti", "pi"];

/**
 * Parses a number of bytes: "512", "500G" (powers of 1000, as disks are sold), "4Gi" or "4GiB" (powers of 1024).
 * @throws {RangeError} naming what was expected
 */
export function parseSize(text: string): bigint {
  const match = /^(?<whole>\d{1,15})(?:\.(?<part>\d{1,3}))?(?<unit>[kmgtp]?i?)b?$/iu.exec(text);
  const unit = match?.groups?.["unit"]?.toLowerCase() ?? "";
  const factor = decimal.includes(unit)
    ? 1000n ** BigInt(decimal.indexOf(unit))
    : binary.includes(unit)
      ? 1024n ** BigInt(binary.indexOf(unit))
      : undefined;
  if (match?.groups === undefined || factor === undefined) {
    throw new RangeError(`"${text}" is not a size: expected bytes, such as 512, 500G (10^9) or 4Gi (2^30)`);
  }
  const part = (match.groups["part"] ?? "").padEnd(3, "0");
  const bytes = (BigInt(`${match.groups["whole"]}${part}`) * factor) / 1000n;
  if (bytes > 0x7fff_ffff_ffff_ffffn) {
    throw new RangeError(`"${text}" is too large: expected less than 2^63 bytes`);
  }
  return bytes;
}
