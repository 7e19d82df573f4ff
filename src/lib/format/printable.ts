// Text from elsewhere (an agent's error, a disk's serial number, a reason) on a terminal. A terminal interprets control
// characters (C0, C1); bidirectional and invisible characters make a line look like another (Unicode Technical Report
// 36, section 2.5). Joiners and variation selectors are allowed, because scripts and emoji need them.

const suspicious =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu;
const needed = /^(?:\u200c|\u200d|\p{Variation_Selector})$/u;

function replaced(text: string, by: (character: string) => string): string {
  return text.replaceAll(suspicious, (character) => (needed.test(character) ? character : by(character)));
}

/** One line: line feeds and tabs become blanks, other control characters become U+FFFD. */
export function printable(text: string): string {
  return replaced(text, (character) => (character === "\n" || character === "\t" ? " " : "\uFFFD"));
}

/** Like {@link printable}, but keeps line feeds, for messages of several lines. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** JSON or YAML in which such characters are written as `\uXXXX`; in both they occur within double quotes only. */
export function escapedQuoted(text: string): string {
  return replaced(text, (character) => (character === "\n" ? character : escaped(character)));
}

/** True for one line of text that {@link printable} leaves unchanged. */
export function isPrintable(text: string): boolean {
  return printable(text) === text;
}

/** UTF-16 units, as in JSON. */
function escaped(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
