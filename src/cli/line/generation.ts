/** Parses a generation. @throws {RangeError} */
export function parseGeneration(value: string): bigint {
  if (!/^[1-9]\d{0,18}$/u.test(value) || BigInt(value) > 0x7fff_ffff_ffff_ffffn) {
    throw new RangeError(`"${value}" is not a generation: expected a whole number from 1 to 2^63 - 1`);
  }
  return BigInt(value);
}
