import { useEffect, useState, type ReactNode } from "react";
import { NavLink, Outlet, useLocation, useNavigation } from "react-router";
import { CommandLayer } from "../commands/CommandLayer.tsx";
import { paths } from "../paths.ts";
import { SignedOut } from "../session/SignedOut.tsx";
import { navigation } from "./navigation.ts";

/** Around every page: the navigation, and the place of the page. */
export function Layout(): ReactNode {
  const [open, setOpen] = useState(false);
  const { state } = useNavigation();
  const { pathname } = useLocation();
  useEffect(() => setOpen(false), [pathname]);
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[12rem_minmax(0,1fr)]">
      <CommandLayer />
      <a href="#page" className="sr-only focus:not-sr-only">
        Skip to the page
      </a>
      {state === "loading" && (
        <div role="progressbar" aria-label="Loading" className="fixed inset-x-0 top-0 z-50 h-0.5 bg-accent" />
      )}
      <header className="border-line bg-surface border-b lg:min-h-dvh lg:border-r lg:border-b-0">
        <div className="flex items-center justify-between px-4 py-3">
          <span className="font-semibold">Farrier</span>
          <button type="button" className="lg:hidden" aria-expanded={open} onClick={() => setOpen(!open)}>
            Menu
          </button>
        </div>
        <nav aria-label="Pages" className={open ? "px-2 pb-3" : "hidden px-2 pb-3 lg:block"}>
          {navigation.map(({ title, to }) => (
            <NavLink
              key={to}
              to={to}
              end={to === paths.overview()}
              className="aria-[current=page]:bg-accent-soft aria-[current=page]:text-accent hover:bg-hover block rounded px-2 py-1.5"
            >
              {title}
            </NavLink>
          ))}
        </nav>
      </header>
      <main id="page" tabIndex={-1} className="min-w-0 p-4 lg:p-6">
        <SignedOut />
        <Outlet />
      </main>
    </div>
  );
}
