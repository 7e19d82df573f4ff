import type { ReactElement, ReactNode } from "react";
import { Button } from "./Button.tsx";
import { CopyButton } from "./CopyButton.tsx";
import { Icon } from "./Icon.tsx";

/** What an {@link ErrorBox} takes. */
export interface ErrorBoxProps {
  /** What could not be done: "The machines can't be listed". */
  title: string;
  /** As the server says it: what was wrong, what was expected, what to do. */
  message: string;
  /** The code of the answer, such as "unavailable". */
  code?: string | undefined;
  /** The id by which the server's log has it. */
  id?: string | undefined;
  /** What "copy report" copies; left out where the message has it all. */
  report?: (() => string) | undefined;
  onRetry?: (() => void) | undefined;
  children?: ReactNode;
}

/** Says that a part failed, in place of it; the rest of the page lives. */
export function ErrorBox({ title, message, code, id, report, onRetry, children }: ErrorBoxProps): ReactElement {
  const ids = [...(code === undefined ? [] : [`code ${code}`]), ...(id === undefined ? [] : [`id ${id}`])];
  return (
    <div role="alert" className="flex gap-2 rounded-md border border-bad bg-bad-soft px-3 py-2 text-sm">
      <span className="pt-0.5 text-bad">
        <Icon name="cross" />
      </span>
      <div className="flex min-w-0 grow flex-col gap-1">
        <p className="font-semibold text-bad">{title}</p>
        <p className="foreign max-h-60 overflow-auto whitespace-pre-line">{message}</p>
        {children}
        {ids.length === 0 ? null : <p className="foreign font-mono text-xs text-dim">{ids.join(", ")}</p>}
        <div className="flex flex-wrap gap-2">
          {onRetry === undefined ? null : (
            <Button icon="recover" onClick={onRetry}>
              Try again
            </Button>
          )}
          {report === undefined ? null : <CopyButton text={report} what="the report" label="Copy report" />}
        </div>
      </div>
    </div>
  );
}
