const units: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3_600, d: 86_400 };

/** Parses a duration to seconds: "90", "90s", "15m", "12h" or "30d". @throws {RangeError} naming what was expected */
export function parseSeconds(text: string): number {
  const match = /^(?<number>[1-9]\d{0,8})(?<unit>s|m|min|h|d)?$/u.exec(text);
  const seconds = Number(match?.groups?.["number"]) * (units[match?.groups?.["unit"] ?? "s"] ?? Number.NaN);
  if (!(seconds <= 2_147_483_647)) {
    throw new RangeError(`"${text}" is not a duration: expected a number and a unit, such as 90s, 15m, 12h or 30d`);
  }
  return seconds;
}
