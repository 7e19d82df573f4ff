const decimal = ["", "k", "m", "g", "t", "p"];
const binary = ["", "ki", "mi", "gi", "ti", "pi"];

/**
 * Reads a number of bytes: "512", "500G" (powers of 1000, as disks are sold), "4Gi" or "4GiB" (powers of 1024).
 * @throws {RangeError} saying what was expected
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
    throw new RangeError(`"${text}" is too great a size: expected less than 2^63 bytes`);
  }
  return bytes;
}

/** Bytes for people: three digits and a unit of powers of 1000, such as "1.23 GB". */
export function formatSize(bytes: bigint | number): string {
  let value = Number(bytes);
  let unit = 0;
  const units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
  // 999.5 would be printed as 1000.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit]}`;
}
