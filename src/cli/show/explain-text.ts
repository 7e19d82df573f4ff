import { coloured, type Colour } from "./colour.ts";
import { printable } from "../../lib/format/printable.ts";
import { wrap } from "./table.ts";

/** Words that begin lines of an explanation, with their colour. */
const labels: readonly [RegExp, Colour][] = [
  [/^because:/u, "yellow"],
  [/^last error:/u, "red"],
  [/^you can:/u, "green"],
  [/^(?:waiting for|next:|more:)/u, "bold"],
];

/** Indentation of continued lines. */
const indent = "  ";

/** Lays out an explanation for people: wrapped lines, with the first words coloured on a terminal that has colours. */
export function explainText(
  lines: readonly string[],
  { width, colour }: { width: number | undefined; colour: boolean },
): string {
  return lines
    .map((line, index) => {
      const text = printable(line);
      const [first = "", ...more] = width === undefined ? [text] : wrap(text, width - indent.length);
      const shown = colour ? painted(first, index === 0) : first;
      return [shown, ...more.map((rest) => indent + rest)].map((one) => `${one}\n`).join("");
    })
    .join("");
}

function painted(line: string, title: boolean): string {
  if (title) {
    return coloured(line, "bold");
  }
  const found = labels.find(([label]) => label.test(line));
  return found === undefined ? line : line.replace(found[0], (label) => coloured(label, found[1]));
}
