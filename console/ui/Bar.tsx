import type { ReactElement } from "react";
import { toneFills, type Tone } from "./Chip.tsx";
import { classes } from "./classes.ts";

/** What a {@link Bar} takes. */
export interface BarProps {
  /** 0 to 1; undefined where the whole is unknown. */
  share: number | undefined;
  label: string;
  /** What a screen reader says in place of a percentage. */
  words?: string;
  tone?: Tone;
}

/** A bar that fills. */
export function Bar({ share, label, words, tone = "busy" }: BarProps): ReactElement {
  const percent = share === undefined ? undefined : Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10;
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={words}
      className="h-2 w-full overflow-hidden rounded-sm bg-idle-soft outline outline-line"
    >
      <div
        data-fill=""
        className={classes("h-full", toneFills[tone], percent === undefined && "w-full animate-pulse opacity-25")}
        style={percent === undefined ? undefined : { width: `${percent}%` }}
      />
    </div>
  );
}
