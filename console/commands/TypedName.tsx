import type { ReactElement } from "react";
import { Field, TextInput } from "../ui/Field.tsx";

/** What a {@link TypedName} takes. */
export interface TypedNameProps {
  /** The machine's name, or the number of machines. */
  expected: string;
  /** What happens: "The installed system of web1 is overwritten." */
  why: string;
  value: string;
  onChange: (value: string) => void;
}

/** Has to be typed before something is lost that can't be brought back. */
export function TypedName({ expected, why, value, onChange }: TypedNameProps): ReactElement {
  return (
    <Field
      label={`Type ${expected} to confirm`}
      hint={why}
      error={value === expected ? undefined : `expected ${expected}`}
      later={expected.startsWith(value)}
    >
      {(control) => <TextInput {...control} mono value={value} onChange={({ target }) => onChange(target.value)} />}
    </Field>
  );
}
