import { Menu as BaseMenu } from "@base-ui/react/menu";
import type { ReactElement, ReactNode } from "react";
import { classes } from "./classes.ts";
import { Icon, type IconName } from "./Icon.tsx";

/** What can be chosen from a menu. */
export interface MenuEntry {
  /** Unique in the menu. */
  label: string;
  icon?: IconName;
  onChoose: () => void;
  /** Why it can't be chosen; it stays in the menu, with this under it. */
  refused?: string | undefined;
  danger?: boolean;
  /** A line above it. */
  apart?: boolean;
}

/** A menu that opens from `trigger`, which must be a button. */
export function Menu({ trigger, entries }: { trigger: ReactElement; entries: readonly MenuEntry[] }): ReactElement {
  return (
    <BaseMenu.Root>
      <BaseMenu.Trigger render={trigger} />
      <BaseMenu.Portal>
        <BaseMenu.Positioner sideOffset={4} align="end" className="z-50">
          <BaseMenu.Popup
            data-popup=""
            className="max-h-[70vh] max-w-80 min-w-52 overflow-auto rounded-md border border-line bg-raised py-1 text-sm text-text"
          >
            {entries.map((entry) => (
              <MenuLine key={entry.label} {...entry} />
            ))}
          </BaseMenu.Popup>
        </BaseMenu.Positioner>
      </BaseMenu.Portal>
    </BaseMenu.Root>
  );
}

function MenuLine({ label, icon, onChoose, refused, danger = false, apart = false }: MenuEntry): ReactElement {
  const off = refused !== undefined;
  const why: ReactNode = off ? <span className="block text-xs text-dim">{refused}</span> : null;
  return (
    <>
      {apart ? <BaseMenu.Separator className="my-1 h-px bg-line" /> : null}
      <BaseMenu.Item
        label={label}
        disabled={off}
        onClick={onChoose}
        className={classes(
          "flex min-h-7 items-start gap-2 px-3 py-1.5 data-highlighted:bg-hover",
          off ? "cursor-not-allowed text-dim" : danger && "text-bad",
        )}
      >
        <span className="w-4 pt-0.5">{icon === undefined ? null : <Icon name={icon} size={14} />}</span>
        <span className="foreign">
          {label}
          {why}
        </span>
      </BaseMenu.Item>
    </>
  );
}
