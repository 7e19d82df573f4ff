/** The words of a printed command, after `farrier`. Pure. */
export function printedWords(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|(\S+)/gu)].map(([, quoted, plain]) => quoted ?? plain ?? "").slice(1);
}

/** The commands of Farrier in a text, a line each, as their words after `farrier`. Pure. */
export function printedCommands(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => /^(?:npx )?farrier /u.test(line))
    .map((line) => printedWords(line.replace(/^npx /u, "")));
}
