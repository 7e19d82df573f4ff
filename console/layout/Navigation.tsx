import type { ReactNode } from "react";
import { NavLink } from "react-router";
import { paths } from "../paths.ts";
import { classes } from "../ui/classes.ts";
import { navigation } from "./navigation-entries.ts";

/** The list of pages. */
export function Navigation({ open }: { open: boolean }): ReactNode {
  return (
    <nav aria-label="Pages" className={classes("flex-col gap-0.5 px-2 pb-3 lg:flex", open ? "flex" : "hidden")}>
      {navigation.map(({ title, to }) => (
        <NavLink
          key={to}
          to={to}
          end={to === paths.overview()}
          className="hover:bg-hover aria-[current=page]:bg-accent-soft aria-[current=page]:text-accent flex min-h-8 items-center rounded-md px-2 text-sm aria-[current=page]:font-medium"
        >
          {title}
        </NavLink>
      ))}
    </nav>
  );
}
