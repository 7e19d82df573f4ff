import type { ReactNode } from "react";

/** What is shown until the first page is there: the shape of the console, empty. */
export function ColdStart(): ReactNode {
  return (
    <div className="p-6" aria-busy="true">
      <p className="text-dim">Loading…</p>
    </div>
  );
}
