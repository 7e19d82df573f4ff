import type { ReactElement, ReactNode } from "react";

/** In place of a list that has nothing: why, and what to do. */
export function EmptyState({ title, children }: { title: string; children?: ReactNode }): ReactElement {
  return (
    <div className="mx-auto flex max-w-xl flex-col items-start gap-2 px-4 py-8">
      <p className="text-lg font-semibold">{title}</p>
      {children === undefined ? null : <div className="flex flex-col gap-2 text-dim">{children}</div>}
    </div>
  );
}
