import { create } from "@bufbuild/protobuf";
import { useQuery } from "@connectrpc/connect-query";
import { useState, type ReactElement } from "react";
import {
  MachineFilterSchema,
  MachineService,
  type MachineFilter,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { machineStateLook, machineStateOrder } from "../../parts/machine-state-looks.ts";
import { Button } from "../../ui/Button.tsx";
import { Field, Select, TextArea, TextInput } from "../../ui/Field.tsx";
import { rolloutLabels, rolloutNames, rolloutTextProblem, type RolloutForm } from "./rollout-create-form.ts";

const ways = [
  ["names", "By their names"],
  ["filter", "All that match"],
] as const;

/** What {@link RolloutMachinesFields} take. */
export interface RolloutMachinesFieldsProps {
  form: RolloutForm;
  /** What is wrong, by field. */
  problems: Partial<Record<keyof RolloutForm, string>>;
  onChange: (more: Partial<RolloutForm>) => void;
}

/** Which machines a rollout is about: named, in the order of the waves, or all that meet conditions. */
export function RolloutMachinesFields({ form, problems, onChange }: RolloutMachinesFieldsProps): ReactElement {
  const { by, machines } = form;
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="pb-1 text-sm font-medium">Machines</legend>
      <div className="flex flex-wrap gap-2">
        {ways.map(([way, words]) => (
          <Button
            key={way}
            aria-pressed={by === way}
            kind={by === way ? "primary" : "plain"}
            onClick={() => onChange({ by: way })}
          >
            {words}
          </Button>
        ))}
      </div>
      {by === "names" ? (
        <Field
          name="machines"
          label="Names"
          hint={`Names or ids, in the order of the waves: ${rolloutNames(form).length} so far.`}
          error={problems.machines}
        >
          {(control) => (
            <TextArea
              {...control}
              value={machines}
              placeholder="web1, web2, web3"
              onChange={({ target }) => onChange({ machines: target.value })}
            />
          )}
        </Field>
      ) : (
        <Conditions filter={form.filter} problem={problems.filter} onChange={(filter) => onChange({ filter })} />
      )}
    </fieldset>
  );
}

function Conditions({
  filter,
  problem,
  onChange,
}: {
  filter: MachineFilter;
  problem: string | undefined;
  onChange: (filter: MachineFilter) => void;
}): ReactElement {
  const [labels, setLabels] = useState(
    Object.entries(filter.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(", "),
  );
  const { data } = useQuery(MachineService.method.machineCount, { filter }, { placeholderData: (before) => before });
  const change = (more: Partial<MachineFilter>): void => onChange(create(MachineFilterSchema, { ...filter, ...more }));
  return (
    <>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="Labels" hint="KEY=VALUE, with commas between them: a machine has all of them.">
          {(control) => (
            <TextInput
              {...control}
              value={labels}
              placeholder="rack=b12"
              onChange={({ target }) => {
                setLabels(target.value);
                change({ labels: rolloutLabels(target.value) });
              }}
            />
          )}
        </Field>
        <Field label="State">
          {(control) => (
            <Select
              {...control}
              value={String(filter.states[0] ?? "")}
              options={[
                ["", "any"],
                ...machineStateOrder.map((state) => [String(state), machineStateLook(state).word] as const),
              ]}
              onChange={({ target }) =>
                change({ states: machineStateOrder.filter((state) => String(state) === target.value) })
              }
            />
          )}
        </Field>
        <Field label="Provider">
          {(control) => (
            <TextInput
              {...control}
              value={filter.providers[0] ?? ""}
              onChange={({ target: { value } }) => change({ providers: value === "" ? [] : [value.trim()] })}
            />
          )}
        </Field>
        <Field
          label="Location"
          hint="As the provider says it: exactly this text."
          error={problem === undefined ? undefined : rolloutTextProblem(filter.location)}
        >
          {(control) => (
            <TextInput
              {...control}
              value={filter.location}
              onChange={({ target: { value } }) => change({ location: value })}
            />
          )}
        </Field>
        <Field
          label="Text"
          hint="The beginning of a name or id, or a label's value."
          error={problem === undefined ? undefined : rolloutTextProblem(filter.search)}
        >
          {(control) => (
            <TextInput {...control} value={filter.search} onChange={({ target }) => change({ search: target.value })} />
          )}
        </Field>
      </div>
      <p role="status" className="text-dim">
        {data === undefined
          ? "Counting …"
          : `${data.more ? "At least " : ""}${data.machines.toLocaleString("en")} ${data.machines === 1n ? "machine matches" : "machines match"}; they are ordered by name.`}
      </p>
    </>
  );
}
