import type { ReactElement, ReactNode } from "react";
import { classes } from "./classes.ts";
import { Icon } from "./Icon.tsx";

/** What a colour says; never alone, a word and an icon say it too. */
export type Tone = "good" | "busy" | "warn" | "bad" | "idle";

/** The classes of each tone's text. */
export const toneTexts: Record<Tone, string> = {
  good: "text-good",
  busy: "text-busy",
  warn: "text-warn",
  bad: "text-bad",
  idle: "text-idle",
};

/** The classes of each tone's ground, with its text. */
export const toneGrounds: Record<Tone, string> = {
  good: "bg-good-soft text-good",
  busy: "bg-busy-soft text-busy",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
  idle: "bg-idle-soft text-idle",
};

/** The classes of each tone as a solid area, as in a bar. */
export const toneFills: Record<Tone, string> = {
  good: "bg-good",
  busy: "bg-busy",
  warn: "bg-warn",
  bad: "bg-bad",
  idle: "bg-idle",
};

/** What a {@link Chip} takes. */
export interface ChipProps {
  children: ReactNode;
  tone?: Tone;
  /** Takes it away, as a filter; `removeLabel` names it for screen readers. */
  onRemove?: () => void;
  removeLabel?: string;
}

/** A word on a ground: a label, a filter. */
export function Chip({ children, tone = "idle", onRemove, removeLabel }: ChipProps): ReactElement {
  return (
    <span
      data-chip=""
      className={classes(
        "inline-flex min-h-7 max-w-full items-center gap-1 rounded-sm px-1.5 align-middle text-xs",
        toneGrounds[tone],
      )}
    >
      <span className="foreign clip-line">{children}</span>
      {onRemove === undefined ? null : (
        <button
          type="button"
          className="grid size-7 place-items-center"
          aria-label={removeLabel ?? "Remove"}
          onClick={onRemove}
        >
          <Icon name="close" size={10} />
        </button>
      )}
    </span>
  );
}
