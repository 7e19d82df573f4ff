import { useId, type ComponentProps, type ReactElement, type ReactNode } from "react";
import { classes } from "./classes.ts";
import { useFieldError } from "./RefusedFields.tsx";

/** What the control of a field gets, so that a screen reader joins them. */
export interface FieldControl {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean | undefined;
}

/** What a {@link Field} takes. */
export interface FieldProps {
  label: ReactNode;
  hint?: ReactNode;
  /** What is wrong with the value, what was expected; "missing" is said only once the form was to be sent. */
  error?: string | undefined;
  /** `error` too is said only then: nothing is typed yet. */
  later?: boolean;
  /** Its name in the call, by which the server refuses it; "*" = the whole call. */
  name?: string;
  /** What is doubtful about it; it can be sent all the same. */
  warning?: string | undefined;
  children: (control: FieldControl) => ReactNode;
}

/** A control with its label above, and its hint, warning or error below. */
export function Field(props: FieldProps): ReactElement {
  const { label, hint, warning, children } = props;
  const id = useId();
  const error = useFieldError({ error: props.error, later: props.later === true, name: props.name });
  const about = hint === undefined && error === undefined && warning === undefined ? undefined : `${id}-about`;
  return (
    <div data-field="" className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children({ id, "aria-describedby": about, "aria-invalid": error === undefined ? undefined : true })}
      {about === undefined ? null : (
        <div id={about} className="foreign flex flex-col text-xs">
          {hint === undefined ? null : <span className="text-dim">{hint}</span>}
          {warning === undefined ? null : <span className="text-warn">{warning}</span>}
          {error === undefined ? null : <span className="text-bad">{error}</span>}
        </div>
      )}
    </div>
  );
}

const box =
  "w-full min-h-8 rounded-md border border-line-strong bg-surface px-2 py-1 text-sm text-text aria-invalid:border-bad";

/** A line of text. @param mono for ids, digests and addresses */
export function TextInput({
  mono = false,
  className,
  ...rest
}: ComponentProps<"input"> & { mono?: boolean }): ReactElement {
  return (
    <input autoComplete="off" spellCheck={false} {...rest} className={classes(box, mono && "font-mono", className)} />
  );
}

/** Several lines of text. */
export function TextArea({ className, ...rest }: ComponentProps<"textarea">): ReactElement {
  return <textarea rows={3} spellCheck={false} {...rest} className={classes(box, "font-mono", className)} />;
}

/** One of a few values: [value, words]. */
export function Select({
  options,
  ...rest
}: ComponentProps<"select"> & { options: readonly (readonly [string, string])[] }): ReactElement {
  return (
    <select {...rest} className={box}>
      {options.map(([value, words]) => (
        <option key={value} value={value}>
          {words}
        </option>
      ))}
    </select>
  );
}

/** A box to tick, with its words beside it. */
export function Checkbox({ children, ...rest }: ComponentProps<"input"> & { children: ReactNode }): ReactElement {
  return (
    <label className="flex min-h-7 items-center gap-2 text-sm">
      <input type="checkbox" {...rest} className="size-4 accent-accent" />
      <span className="foreign">{children}</span>
    </label>
  );
}
