import { create } from "@bufbuild/protobuf";
import { useEffect, useRef, useState, type ReactNode, type RefObject } from "react";
import { MachineFilterSchema, type MachineFilter } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { Button } from "../../ui/Button.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { TextInput } from "../../ui/Field.tsx";
import { filterChips, labelOf } from "./list-address.ts";

/** What a {@link FilterBar} takes. */
export interface FilterBarProps {
  filter: MachineFilter;
  onChange: (filter: MachineFilter) => void;
  field: RefObject<HTMLInputElement | null>;
  /** Beside the filter. */
  children?: ReactNode;
}

/** Milliseconds after the last key until a search is sent. */
const pause = 200;

/** The filter of the list: a field for text, labels and providers; a menu of states; a chip for each condition. */
export function FilterBar({ filter, onChange, field, children }: FilterBarProps): ReactNode {
  const [typed, setTyped] = useState(filter.search);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const chips = filterChips(filter);
  const change = (next: Partial<MachineFilter>): void => {
    clearTimeout(timer.current);
    onChange(create(MachineFilterSchema, { ...filter, ...next }));
  };
  // A chip that is removed, or another address, empties the field.
  useEffect(() => setTyped(filter.search), [filter.search]);
  const type = (text: string): void => {
    setTyped(text);
    clearTimeout(timer.current);
    if (typedCondition(text) === undefined) {
      timer.current = setTimeout(() => change({ search: text.trim() }), pause);
    }
  };
  const enter = (): void => {
    const condition = typedCondition(typed);
    if (condition === undefined) {
      change({ search: typed.trim() });
      return;
    }
    setTyped("");
    change({
      search: "",
      ...conditionAdded(filter, condition),
    });
  };
  return (
    <div className="mb-2 flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <search className="min-w-0 grow sm:max-w-md">
          <TextInput
            ref={field}
            type="search"
            aria-label="Filter machines"
            placeholder="Name, id, rack=b12, provider:lab, location:hall 1"
            value={typed}
            onChange={({ target }) => type(target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter") {
                // It adds a condition, and does not send a form around it.
                event.preventDefault();
                enter();
              } else if (event.key === "Escape") {
                event.currentTarget.blur();
              }
            }}
          />
        </search>
        {children}
      </div>
      {chips.length === 0 ? null : (
        <ul aria-label="Conditions" className="flex flex-wrap items-center gap-1.5">
          {chips.map(({ words, without }) => (
            <li key={words} className="max-w-full">
              <Chip onRemove={() => onChange(without)} removeLabel={`Remove ${words}`}>
                {words}
              </Chip>
            </li>
          ))}
          <li>
            <Button kind="quiet" onClick={() => onChange(create(MachineFilterSchema))}>
              Remove all
            </Button>
          </li>
        </ul>
      )}
    </div>
  );
}

type Condition = { label: [string, string] } | { provider: string } | { location: string };

/** A typed label, provider or location; undefined for text that is searched for. Pure. */
function typedCondition(text: string): Condition | undefined {
  const provider = /^provider:(?<provider>\S+)$/u.exec(text.trim())?.groups?.["provider"];
  if (provider !== undefined) {
    return { provider };
  }
  const location = /^location:(?<location>.+)$/u.exec(text.trim())?.groups?.["location"]?.trim();
  if (location !== undefined) {
    return { location };
  }
  const label = labelOf(text.trim());
  return label === undefined ? undefined : { label };
}

/** What a condition changes of a filter. Pure. */
function conditionAdded({ labels, providers }: MachineFilter, condition: Condition): Partial<MachineFilter> {
  if ("label" in condition) {
    return { labels: { ...labels, [condition.label[0]]: condition.label[1] } };
  }
  return "provider" in condition
    ? { providers: [...new Set([...providers, condition.provider])] }
    : { location: condition.location };
}
