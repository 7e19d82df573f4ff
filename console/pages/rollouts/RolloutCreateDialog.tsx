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
      <RolloutProfileFields form={form} problem={problems.profile} onChange={change} />
      <RolloutMachinesFields form={form} problems={problems} onChange={change} />
      <div className="grid gap-3 sm:grid-cols-2">
        <Field
          name="waves"
          label="Waves"
          hint="Machines of each wave: 1, 10, rest. Empty: one wave."
          error={problems.waves}
        >
          {(control) => (
            <TextInput {...control} value={form.waves} onChange={({ target }) => change({ waves: target.value })} />
          )}
        </Field>
        <Field
          name="stop_after"
          label="Failures"
          hint="Begin no more machines after 3, or 5%, have failed. Empty: whatever fails."
          error={problems.stopAfter}
        >
          {(control) => <TextInput {...control} {...text("stopAfter")} />}
        </Field>
        <Field
          name="parallel"
          label="At a time"
          hint="The most machines that install at once. Empty: 50."
          error={problems.parallel}
        >
          {(control) => <TextInput {...control} {...text("parallel")} inputMode="numeric" />}
        </Field>
        <Field name="name" label="Name" hint="Empty: the profile's, with a number." error={problems.name}>
          {(control) => <TextInput {...control} {...text("name")} placeholder="tonight" />}
        </Field>
        <Field
          name="window.from"
          label="From"
          hint="Machines are begun only from this time of day on. Empty: at any time."
        >
          {(control) => <TextInput {...control} {...text("from")} placeholder="01:00" />}
        </Field>
        <Field name="window.to" label="To" error={problems.to}>
          {(control) => <TextInput {...control} {...text("to")} placeholder="05:00" />}
        </Field>
        <Field name="window.time_zone" label="Time zone" error={problems.timeZone}>
          {(control) => <TextInput {...control} {...text("timeZone")} placeholder="Europe/Berlin" />}
        </Field>
      </div>
    </OneCommandDialog>
  );
}
