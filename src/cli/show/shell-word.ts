/** A word as a shell takes it: in double quotes where it needs them. Pure. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/u.test(word) ? word : `"${word.replaceAll(/["$`\\]/gu, "\\$&")}"`;
}
