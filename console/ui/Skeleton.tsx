import type { ReactElement } from "react";

/** The shape of what is being loaded: `lines` lines of text, the last one shorter. */
export function Skeleton({ lines = 3, label = "Loading" }: { lines?: number; label?: string }): ReactElement {
  return (
    <div role="status" aria-label={label} data-loading="" className="flex flex-col gap-2 py-1">
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} className="h-4 animate-pulse rounded-sm bg-hover last:w-2/3" />
      ))}
    </div>
  );
}
