import { useId, type ReactElement } from "react";
import { printableLines } from "../../../src/lib/format/printable.ts";
import { CopyButton } from "../../ui/CopyButton.tsx";

/** A text with several lines, with its title and a button that copies it. */
export function TextBlock({ title, text }: { title: string; text: string }): ReactElement {
  const id = useId();
  return (
    <section aria-labelledby={id} className="flex flex-col gap-1">
      <span className="flex items-center gap-1">
        <h3 id={id} className="text-sm font-medium">
          {title}
        </h3>
        <CopyButton text={text} what={title} />
      </span>
      {/* The keyboard scrolls it. */}
      <pre tabIndex={0} className="border-line bg-surface foreign max-h-96 overflow-auto rounded-md border p-2 text-xs">
        {printableLines(text)}
      </pre>
    </section>
  );
}
