import { useState, type ReactElement } from "react";
import { Button, type ButtonKind } from "./Button.tsx";
import { copyText } from "./copy-text.ts";

/** What a {@link CopyButton} takes. */
export interface CopyButtonProps {
  /** The text, or what makes it when the button is pressed. */
  text: string | (() => string);
  /** What is copied, for the button's name: "the command". */
  what: string;
  /** Shown in place of an icon alone. */
  label?: string;
  kind?: ButtonKind;
}

/** Copies a text, and says that it did. */
export function CopyButton({ text, what, label, kind = "quiet" }: CopyButtonProps): ReactElement {
  const [done, setDone] = useState<"copied" | "failed">();
  const copy = async (): Promise<void> => {
    setDone((await copyText(typeof text === "string" ? text : text())) ? "copied" : "failed");
    setTimeout(() => setDone(undefined), 2_000);
  };
  return (
    <Button
      kind={kind}
      icon={done === "copied" ? "check" : done === "failed" ? "cross" : "copy"}
      {...(label === undefined ? { "aria-label": `Copy ${what}` } : {})}
      onClick={() => void copy()}
    >
      {label}
      <span role="status" className="unseen">
        {done === undefined
          ? ""
          : done === "copied"
            ? "copied"
            : "the browser refused to copy: mark the text and copy it"}
      </span>
    </Button>
  );
}
