import { useId, type ReactNode } from "react";

/** A part of the page under its own heading. */
export function Section({
  title,
  about,
  actions,
  children,
}: {
  title: string;
  /** In a sentence or two. */
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}): ReactNode {
  const id = useId();
  return (
    <section aria-labelledby={id} className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h2 id={id}>{title}</h2>
        {actions}
      </div>
      {about === undefined ? null : <p className="text-dim max-w-3xl text-sm">{about}</p>}
      {children}
    </section>
  );
}
