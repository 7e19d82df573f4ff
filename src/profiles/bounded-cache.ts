/** What was computed for texts, for the ones that were asked for last. */
export interface BoundedCache<Value> {
  /** The value for a text, computed now if it is not known. A text that is too long is not kept. */
  get(text: string, compute: () => Value): Value;
}

/** @param most how many texts are kept, and their characters in all */
export function boundedCache<Value>(most: { entries: number; characters: number }): BoundedCache<Value> {
  // The oldest use first: Map keeps the order in which keys were set.
  const kept = new Map<string, Value>();
  let characters = 0;
  return {
    get: (text, compute) => {
      const known = kept.get(text);
      if (known !== undefined) {
        kept.delete(text);
        kept.set(text, known);
        return known;
      }
      const value = compute();
      if (value === undefined || text.length > most.characters / 4) {
        return value;
      }
      kept.set(text, value);
      characters += text.length;
      for (const oldest of kept.keys()) {
        if (kept.size <= most.entries && characters <= most.characters) {
          break;
        }
        kept.delete(oldest);
        characters -= oldest.length;
      }
      return value;
    },
  };
}
