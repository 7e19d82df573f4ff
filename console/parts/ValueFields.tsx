import type { ReactElement } from "react";
import type { ProfileValue } from "../../gen/farrier/operator/v1/profile_pb.ts";
import { printable } from "../../src/lib/format/printable.ts";
import { Field, TextInput } from "../ui/Field.tsx";

/** What {@link ValueFields} take. */
export interface ValueFieldsProps {
  values: readonly ProfileValue[];
  /** What was typed; a value that is not in it has its default. */
  given: Readonly<Record<string, string>>;
  /** What is wrong with one of them. */
  problem?: { name: string; words: string } | undefined;
  onChange: (given: Readonly<Record<string, string>>) => void;
}

/** A field for each value of a profile's templates. */
export function ValueFields({ values, given, problem, onChange }: ValueFieldsProps): ReactElement | null {
  return values.length === 0 ? null : (
    <div className="grid gap-3 sm:grid-cols-2">
      {values.map(({ name, default: usual }) => (
        <Field
          key={name}
          label={printable(name)}
          error={problem?.name === name ? problem.words : undefined}
          hint={
            usual === undefined
              ? "Has no default: it must be set."
              : `Default: ${usual === "" ? "empty" : printable(usual)}.`
          }
        >
          {(control) => (
            <TextInput
              {...control}
              value={given[name] ?? ""}
              onChange={({ target }) => {
                const { [name]: _before, ...others } = given;
                onChange(target.value === "" ? others : { ...others, [name]: target.value });
              }}
            />
          )}
        </Field>
      ))}
    </div>
  );
}
