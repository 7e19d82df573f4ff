/** The words of an enum's values. */
export type Words = Readonly<Record<number, string>>;

/** The word for a value; undefined for a value that a later version may have. Pure. */
export function wordOf<Table extends Words>(words: Table, value: number): Table[keyof Table] | undefined {
  return (words as Words)[value] as Table[keyof Table] | undefined;
}

/** The other direction of a table: each value by its word. Pure. */
export function valuesByWord<Table extends Words>(
  words: Table,
): { readonly [Value in keyof Table as Table[Value] & string]: Value } {
  const entries = Object.entries(words).map(([value, word]) => [word, Number(value)]);
  return Object.fromEntries(entries) as { readonly [Value in keyof Table as Table[Value] & string]: Value };
}

/** A value by its word, where the word may be anything; undefined for none. Pure. */
export function valueOfWord<Table extends Words>(words: Table, word: string): keyof Table | undefined {
  const found = Object.entries(words).find(([, known]) => known === word);
  return found === undefined ? undefined : Number(found[0]);
}
