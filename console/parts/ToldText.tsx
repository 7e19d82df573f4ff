import type { ReactElement } from "react";
import { CliCopy } from "./CliCopy.tsx";
import { ForeignText } from "./ForeignText.tsx";
import { remedyParts } from "./remedy.ts";

const noMachine = { id: "", name: "" };

/** A sentence of the server; the commands in it, between backticks, can be copied. */
export function ToldText({ text }: { text: string }): ReactElement {
  return (
    <span className="inline-flex flex-wrap items-center gap-x-1.5 gap-y-1">
      {remedyParts(text, noMachine).map((part) =>
        part.kind === "text" ? (
          <ForeignText key={part.text} text={part.text} />
        ) : (
          <CliCopy key={part.text} command={part.text} />
        ),
      )}
    </span>
  );
}
