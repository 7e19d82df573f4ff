import { useState, type ReactElement, type ReactNode } from "react";
import { printableLines } from "../../src/lib/format/printable.ts";
import { classes } from "../ui/classes.ts";

/** Characters that are shown before "show all". */
const shownAtFirst = 2_000;

/** What a {@link ForeignText} takes. */
export interface ForeignTextProps {
  text: string;
  /** For ids, addresses, logs. */
  mono?: boolean;
  /** Keeps line feeds. */
  lines?: boolean;
  className?: string;
}

/**
 * Text from elsewhere (a name, an error, a log): characters that a terminal or a reader would be misled by are shown as
 * U+FFFD, its direction stays in it, and the end of a long one is shown on request.
 */
export function ForeignText({ text, mono = false, lines = false, className }: ForeignTextProps): ReactElement {
  return (
    <bdi className={classes("foreign", mono && "font-mono", lines && "whitespace-pre-wrap", className)}>
      {text.length <= shownAtFirst ? printableLines(text) : <LongText text={text} />}
    </bdi>
  );
}

function LongText({ text }: { text: string }): ReactNode {
  const [all, setAll] = useState(false);
  return all ? (
    printableLines(text)
  ) : (
    <>
      {printableLines(text.slice(0, shownAtFirst))}
      <button type="button" className="ml-1 text-accent underline" onClick={() => setAll(true)}>
        … show all {text.length.toLocaleString("en")} characters
      </button>
    </>
  );
}
