import type { ReactElement } from "react";
import { Checkbox, Field, Select, TextArea, TextInput } from "../ui/Field.tsx";
import type { CommandField, CommandForm } from "./command.ts";

/** What {@link FormFields} take. */
export interface FormFieldsProps {
  fields: readonly CommandField[];
  form: CommandForm;
  problems: Readonly<Record<string, string>>;
  onChange: (name: string, value: string) => void;
}

/** The fields of a command's form. */
export function FormFields({ fields, form, problems, onChange }: FormFieldsProps): ReactElement {
  return (
    <>
      {fields
        .filter(({ shown }) => shown?.(form) !== false)
        .map((field) => {
          const value = form[field.name] ?? "";
          if (field.kind === "tick") {
            return (
              <Checkbox
                key={field.name}
                checked={value === "yes"}
                onChange={({ target }) => onChange(field.name, target.checked ? "yes" : "")}
              >
                {field.label}
              </Checkbox>
            );
          }
          const change = (event: { target: { value: string } }): void => onChange(field.name, event.target.value);
          return (
            <Field
              key={field.name}
              label={field.label}
              hint={field.hint}
              error={problems[field.name]}
              later={value === ""}
            >
              {(control) =>
                field.kind === "choice" ? (
                  <Select {...control} value={value} options={field.options ?? []} onChange={change} />
                ) : field.kind === "lines" ? (
                  <TextArea {...control} value={value} onChange={change} />
                ) : (
                  <TextInput {...control} value={value} onChange={change} />
                )
              }
            </Field>
          );
        })}
    </>
  );
}
