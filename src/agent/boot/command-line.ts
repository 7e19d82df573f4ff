/** The parameters of the kernel command line that begin with "farrier."; the last one of a name counts. */
export function commandLineRead(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const word of text.trim().split(/\s+/u)) {
    const at = word.indexOf("=");
    if (word.startsWith("farrier.") && at > 0 && at < word.length - 1) {
      found.set(word.slice(0, at), word.slice(at + 1));
    }
  }
  return found;
}
