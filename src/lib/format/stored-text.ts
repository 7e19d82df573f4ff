/** The text without NUL, which PostgreSQL refuses: what controllers and hosts say may contain it. Pure. */
export function storedText(text: string): string {
  return text.replaceAll("\0", "");
}
