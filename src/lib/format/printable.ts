// Text from elsewhere (an agent's error, a disk's serial number, a reason) on a terminal. A terminal obeys control characters
// (C0, C1), and bidirectional or invisible ones make a line read as another than it is (Unicode Technical Report 36, section
// 2.5). Joiners and variation selectors stay: scripts and emoji need them.

const suspicious =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu;
const needed = /^(?:\u200c|\u200d|\p{Variation_Selector})$/u;

function replaced(text: string, by: (character: string) => string): string {
  return text.replaceAll(suspicious, (character) => (needed.test(character) ? character : by(character)));
}

/** One line: line feeds and tabs become blanks, everything else that a terminal would obey becomes U+FFFD. */
export function printable(text: string): string {
  return replaced(text, (character) => (character === "\n" || character === "\t" ? " " : "\uFFFD"));
}

/** Like {@link printable}, but line feeds stay: for messages of several lines. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** JSON or YAML in which such characters stand as `\uXXXX`; both have them inside of double quotes only. */
export function escapedQuoted(text: string): string {
  return replaced(text, (character) => (character === "\n" ? character : escaped(character)));
}

/** True for a text of one line that {@link printable} leaves as it is. */
export function isPrintable(text: string): boolean {
  return printable(text) === text;
}

/** UTF-16 units, as JSON has them. */
function escaped(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
