import type { ReactElement } from "react";
import { printableLines } from "../../src/lib/format/printable.ts";
import { CopyButton } from "../ui/CopyButton.tsx";

/** A command of the command line, with a button that copies it. */
export function CliCopy({ command, what = "the command" }: { command: string; what?: string }): ReactElement {
  return (
    <span className="inline-flex max-w-full items-start gap-1 rounded-sm bg-hover px-1.5">
      <code className="foreign py-1 text-xs whitespace-pre-wrap">{printableLines(command)}</code>
      <CopyButton text={command} what={what} />
    </span>
  );
}
