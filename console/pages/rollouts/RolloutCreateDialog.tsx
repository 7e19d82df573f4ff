import { useState, type ReactElement } from "react";
import { randomId } from "../../api/random-id.ts";
import { OneCommandDialog } from "../../commands/OneCommandDialog.tsx";
import { Field, TextInput } from "../../ui/Field.tsx";
import {
  emptyRolloutForm,
  rolloutCreatePrepare,
  rolloutMadeName,
  rolloutProblems,
  type RolloutForm,
} from "./rollout-create-form.ts";
import { RolloutMachinesFields } from "./RolloutMachinesFields.tsx";
import { RolloutProfileFields } from "./RolloutProfileFields.tsx";

/** What fields are called where they are missing. */
const titles: Partial<Record<keyof RolloutForm, string>> = {
  stopAfter: "the failures",
  to: "the window",
  timeZone: "the time zone",
  parallel: "at a time",
};

/** Plans a rollout: a profile, machines, and how they follow each other. Nothing is requested by it. */
export function RolloutCreateDialog({
  onClose,
  onDone,
}: {
  onClose: () => void;
  /** Called with its name. */
  onDone: (name: string) => void;
}): ReactElement {
  const [requestId] = useState(() => randomId());
  const [form, setForm] = useState(emptyRolloutForm);
  const problems = rolloutProblems(form);
  const [problem] = Object.entries(problems) as [keyof RolloutForm, string][];
  const change = (more: Partial<RolloutForm>): void => setForm({ ...form, ...more });
  const shown = (field: keyof RolloutForm): string | undefined =>
    problems[field] === "missing" ? undefined : problems[field];
  const text = (field: "name" | "waves" | "parallel" | "stopAfter" | "from" | "to" | "timeZone") => ({
    value: form[field],
    onChange: ({ target }: { target: { value: string } }) => change({ [field]: target.value.trim() }),
  });
  return (
    <OneCommandDialog
      size="wide"
      title="New rollout"
      button={form.name === "" ? "Plan the rollout" : `Plan ${form.name}`}
      command={rolloutCreatePrepare(form, requestId)}
      refused={problem === undefined ? undefined : `${titles[problem[0]] ?? `the ${problem[0]}`}: ${problem[1]}`}
      unsaved={form !== emptyRolloutForm}
      onClose={onClose}
      onDone={(done) => onDone(rolloutMadeName(done))}
    >
      <p className="text-dim">
        The machines are chosen now, and each is planned: its disk, what would be overwritten, and why it is refused.
        Nothing is requested before the rollout is started.
      </p>
      <RolloutProfileFields form={form} onChange={change} />
      <RolloutMachinesFields form={form} problem={shown("filter")} onChange={change} />
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="Waves" hint="Machines of each wave: 1, 10, rest. Empty: one wave." error={shown("waves")}>
          {(control) => (
            <TextInput {...control} value={form.waves} onChange={({ target }) => change({ waves: target.value })} />
          )}
        </Field>
        <Field
          label="Failures"
          hint="Begin no more machines after 3, or 5%, have failed. Empty: whatever fails."
          error={shown("stopAfter")}
        >
          {(control) => <TextInput {...control} {...text("stopAfter")} />}
        </Field>
        <Field label="At a time" hint="The most machines that install at once. Empty: 50." error={shown("parallel")}>
          {(control) => <TextInput {...control} {...text("parallel")} inputMode="numeric" />}
        </Field>
        <Field label="Name" hint="Empty: the profile's, with a number." error={shown("name")}>
          {(control) => <TextInput {...control} {...text("name")} placeholder="tonight" />}
        </Field>
        <Field label="From" hint="Machines are begun only from this time of day on. Empty: at any time.">
          {(control) => <TextInput {...control} {...text("from")} placeholder="01:00" />}
        </Field>
        <Field label="To" error={shown("to")}>
          {(control) => <TextInput {...control} {...text("to")} placeholder="05:00" />}
        </Field>
        <Field label="Time zone" error={shown("timeZone")}>
          {(control) => <TextInput {...control} {...text("timeZone")} placeholder="Europe/Berlin" />}
        </Field>
      </div>
    </OneCommandDialog>
  );
}
