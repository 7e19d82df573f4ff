import type { ReactElement, ReactNode } from "react";
import { toneGrounds } from "../ui/Chip.tsx";
import { classes } from "../ui/classes.ts";
import { Icon } from "../ui/Icon.tsx";
import type { StateLook } from "./machine-state-looks.ts";

/** A state: icon, word, colour; and what is said behind the word. */
export function LookBadge({
  look: { word, icon, tone },
  children,
}: {
  look: StateLook;
  children?: ReactNode;
}): ReactElement {
  return (
    <span
      data-chip=""
      className={classes(
        "inline-flex items-center gap-1 rounded-sm px-1.5 py-0.5 text-xs font-medium whitespace-nowrap",
        toneGrounds[tone],
      )}
    >
      <Icon name={icon} size={13} />
      {word}
      {children}
    </span>
  );
}
