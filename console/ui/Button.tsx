import type { ComponentProps, ReactElement } from "react";
import { classes } from "./classes.ts";
import { Icon, type IconName } from "./Icon.tsx";
import { Tooltip } from "./Tooltip.tsx";

/** How much a button wants to be pressed. */
export type ButtonKind = "primary" | "plain" | "quiet" | "danger";

const kinds: Record<ButtonKind, string> = {
  primary: "border-accent bg-accent text-on-accent hover:brightness-110",
  plain: "border-line-strong bg-surface text-text hover:bg-hover",
  quiet: "border-transparent bg-transparent text-dim hover:bg-hover hover:text-text",
  danger: "border-bad bg-bad text-on-bad hover:brightness-110",
};

/** What a {@link Button} takes besides a button's own attributes. */
export interface ButtonProps extends Omit<ComponentProps<"button">, "disabled"> {
  kind?: ButtonKind;
  icon?: IconName;
  /** Why it can't be pressed; it stays where the keyboard reaches it, so that the reason can be read. */
  refused?: string | undefined;
  /** What it started is still going on. */
  busy?: boolean;
}

/** A button. A refused or busy button does nothing and says why. */
export function Button(props: ButtonProps): ReactElement {
  const { kind = "plain", icon, refused, busy = false, className, children, onClick, type, ...rest } = props;
  const off = refused !== undefined || busy;
  const button = (
    <button
      {...rest}
      type={type ?? "button"}
      aria-disabled={off || undefined}
      aria-busy={busy || undefined}
      data-refused={refused === undefined ? undefined : ""}
      onClick={(event) => {
        if (off) {
          event.preventDefault();
        } else {
          onClick?.(event);
        }
      }}
      className={classes(
        "inline-flex min-h-7 items-center justify-center gap-1.5 rounded-md border px-2.5 py-0.5 text-sm font-medium",
        kinds[kind],
        off && "cursor-not-allowed opacity-60",
        children === undefined && "px-1.5",
        className,
      )}
    >
      {icon === undefined ? null : <Icon name={icon} size={14} />}
      {children}
    </button>
  );
  return refused === undefined ? button : <Tooltip text={refused}>{button}</Tooltip>;
}
