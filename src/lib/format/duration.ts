const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
] as const;

/** A duration in words: at most `parts` units, from the greatest that is not zero: "2 h 5 min". Pure. */
export function durationText(milliseconds: number, parts = 2): string {
  const said: string[] = [];
  let left = Math.max(0, milliseconds);
  for (const [unit, length] of units) {
    const count = Math.floor(left / length);
    left -= count * length;
    if (count > 0) {
      said.push(`${count} ${unit}`);
    }
    if (said.length === parts || (count === 0 && said.length > 0)) {
      break;
    }
  }
  return said.length === 0 ? "0 s" : said.join(" ");
}
