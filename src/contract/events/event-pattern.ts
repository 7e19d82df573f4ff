/** What {@link isEventPattern} accepts. */
export const eventPatternExpected =
  "the kind of an event such as installation_succeeded, or its beginning and *, such as installation_*";

/** True if the text names one of the kinds, or is the beginning of one or more and `*`. Pure. */
export function isEventPattern(text: string, kinds: readonly string[]): boolean {
  return kinds.some((kind) => matches(text, kind));
}

/** The kinds that one of the patterns names; without patterns all. Pure. */
export function eventsMatching<Kind extends string>(patterns: readonly string[], kinds: readonly Kind[]): Kind[] {
  return kinds.filter((kind) => patterns.length === 0 || patterns.some((pattern) => matches(pattern, kind)));
}

function matches(pattern: string, kind: string): boolean {
  return pattern.endsWith("*") ? kind.startsWith(pattern.slice(0, -1)) : pattern === kind;
}
