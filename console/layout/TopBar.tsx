import type { ReactNode } from "react";
import { Link } from "react-router";
import { paths } from "../paths.ts";
import { Button } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Keys } from "./Keys.tsx";

/** What a {@link TopBar} takes. */
export interface TopBarProps {
  /** The navigation is open, on a narrow screen. */
  open: boolean;
  onMenu: () => void;
  onPalette: () => void;
}

/** The name of the console, and the way to anything. */
export function TopBar({ open, onMenu, onPalette }: TopBarProps): ReactNode {
  return (
    <div className="flex items-center gap-2 px-3 py-2 lg:flex-col lg:items-stretch">
      <Link to={paths.overview()} className="flex min-h-8 grow items-center gap-2 px-1 font-semibold">
        <svg aria-hidden="true" width="18" height="18" viewBox="0 0 32 32" className="text-accent">
          <path
            fill="none"
            stroke="currentColor"
            strokeWidth="5"
            strokeLinecap="round"
            d="M9 27C4 20 4 5 16 5s12 15 7 22"
          />
        </svg>
        Farrier
      </Link>
      <button
        type="button"
        onClick={onPalette}
        className="border-line-strong text-dim hover:bg-hover flex min-h-8 items-center gap-2 rounded-md border px-2 text-sm"
      >
        <Icon name="search" size={14} />
        <span className="grow text-left">Find</span>
        <span className="hidden lg:inline">
          <Keys keys="Ctrl+k" />
        </span>
      </button>
      <Button className="lg:hidden" icon={open ? "close" : "more"} aria-expanded={open} onClick={onMenu}>
        Menu
      </Button>
    </div>
  );
}
