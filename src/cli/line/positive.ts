/** Parses a positive whole number. @throws {RangeError} */
export function parsePositive(value: string): number {
  if (!/^[1-9]\d{0,8}$/u.test(value)) {
    throw new RangeError(`${JSON.stringify(value)} is out of range: expected a whole number from 1 to 999999999`);
  }
  return Number(value);
}
