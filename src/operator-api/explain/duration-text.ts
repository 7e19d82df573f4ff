const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
] as const;

/** Milliseconds as people say them: the two greatest units that are not nothing, "2 h 5 min". Pure. */
export function durationText(milliseconds: number): string {
  const parts: string[] = [];
  let left = Math.max(0, milliseconds);
  for (const [unit, length] of units) {
    const count = Math.floor(left / length);
    left -= count * length;
    if (count > 0) {
      parts.push(`${count} ${unit}`);
    } else if (parts.length > 0) {
      break;
    }
    if (parts.length === 2) {
      break;
    }
  }
  return parts.length === 0 ? "0 s" : parts.join(" ");
}
