/** Changes of one letter (replace, add, leave out, swap two) that lead from one word to the other. Pure. */
function lettersApart(one: string, other: string): number {
  let before: number[] = [];
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let line = 1; line <= one.length; line += 1) {
    const next = [line];
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[line - 1] === other[column - 1];
      const swapped = one[line - 1] === other[column - 2] && one[line - 2] === other[column - 1];
      next.push(
        Math.min(
          (row[column] ?? 0) + 1,
          (next[column - 1] ?? 0) + 1,
          (row[column - 1] ?? 0) + (same ? 0 : 1),
          line > 1 && column > 1 && swapped ? (before[column - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    before = row;
    row = next;
  }
  return row[other.length] ?? 0;
}

/** The word that a misspelt one most likely is; undefined if none is near. Pure. */
export function nearestWord(word: string, words: readonly string[]): string | undefined {
  const most = Math.min(2, Math.floor(word.length / 3));
  const short = word.slice(0, 64).toLowerCase();
  const found = words
    .map((candidate) => ({ candidate, apart: lettersApart(short, candidate) }))
    .filter(({ apart }) => apart <= most)
    .toSorted((a, b) => a.apart - b.apart);
  return found[0]?.candidate;
}
