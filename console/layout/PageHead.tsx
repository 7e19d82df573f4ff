import { useEffect, useRef, type ReactNode } from "react";
import { useLocation } from "react-router";
import { pageDrawn } from "./page-drawn.ts";

/** The heading of a page. It gets the focus when the page is opened, and names the browser's tab. */
export function PageHead({
  title,
  children,
  actions,
}: {
  title: string;
  /** Below the heading. */
  children?: ReactNode;
  /** Buttons on the right. */
  actions?: ReactNode;
}): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null);
  const { pathname } = useLocation();
  useEffect(() => {
    document.title = `${title} · Farrier`;
  }, [title]);
  useEffect(pageDrawn, []);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
  }, [pathname]);
  return (
    <header className="mb-4">
      <div className="flex flex-wrap items-start justify-between gap-x-3 gap-y-1">
        <h1 ref={heading} tabIndex={-1} className="foreign min-w-40 flex-1">
          {title}
        </h1>
        {actions}
      </div>
      {children}
    </header>
  );
}
