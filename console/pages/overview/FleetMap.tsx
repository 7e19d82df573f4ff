import { useQuery } from "@connectrpc/connect-query";
import { useId, useState, type ReactElement } from "react";
import { useSearchParams } from "react-router";
import { labelKeyPattern } from "../../../src/contract/machine-name.ts";
import { RpcError } from "../../parts/RpcError.tsx";
import { Button } from "../../ui/Button.tsx";
import { Field, Select, TextInput } from "../../ui/Field.tsx";
import { GroupCells } from "./GroupCells.tsx";
import { GroupTable } from "./GroupTable.tsx";
import { groupsQuery, mapChoice, mapChoiceText, type MapChoice } from "./map-choice.ts";

/** Milliseconds between two counts of the groups while the page is seen. */
const mapEvery = 10_000;

/** A cell for each value of a label, provider or location, by what is worst in it; or the same as a table. */
export function FleetMap(): ReactElement {
  const [search, setSearch] = useSearchParams();
  const choice = mapChoice(search.get("map"));
  const asTable = search.get("as") === "table";
  const { method, input } = groupsQuery(choice);
  const { data, error, isPlaceholderData, refetch } = useQuery(method, input, {
    refetchInterval: mapEvery,
    placeholderData: (before) => before,
  });
  const set = (name: string, value: string | undefined): void => {
    const next = new URLSearchParams(search);
    next.delete(name);
    if (value !== undefined) {
      next.set(name, value);
    }
    setSearch(next, { preventScrollReset: true, replace: true });
  };
  const groups = data?.groups ?? [];
  return (
    <section aria-labelledby="map" className="flex flex-col gap-3">
      <div className="flex flex-wrap items-end gap-3">
        <h2 id="map" className="self-center">
          Map
        </h2>
        <MapChooser choice={choice} onChoose={(next) => set("map", mapChoiceText(next))} />
        <Button aria-pressed={asTable} onClick={() => set("as", asTable ? undefined : "table")}>
          As a table
        </Button>
      </div>
      {error === null ? null : (
        <RpcError title="The groups can't be counted" error={error} onRetry={() => void refetch()} />
      )}
      {data?.more === true ? (
        <p className="text-dim">
          There are more than {groups.length.toLocaleString("en")}: those with the most machines.
        </p>
      ) : null}
      <div className={isPlaceholderData ? "opacity-60" : ""}>
        {asTable ? (
          <GroupTable groups={groups} choice={choice} more={data?.more === true} />
        ) : (
          <GroupCells groups={groups} choice={choice} />
        )}
      </div>
    </section>
  );
}

/** Chooses what the cells are. */
function MapChooser({ choice, onChoose }: { choice: MapChoice; onChoose: (next: MapChoice) => void }): ReactElement {
  const [by, setBy] = useState(choice.by);
  const [label, setLabel] = useState(choice.by === "label" ? choice.label : "");
  const form = useId();
  const wrong = label !== "" && !labelKeyPattern.test(label) ? "no label's key, such as rack" : undefined;
  return (
    <form
      id={form}
      className="flex flex-wrap items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (label !== "" && wrong === undefined) {
          onChoose({ by: "label", label });
        }
      }}
    >
      <Field label="A cell for each">
        {(control) => (
          <Select
            {...control}
            value={by}
            options={[
              ["provider", "provider"],
              ["location", "location"],
              ["label", "value of a label"],
            ]}
            onChange={({ target: { value } }) => {
              if (value === "provider" || value === "location") {
                setBy(value);
                onChoose({ by: value });
              } else {
                setBy("label");
              }
            }}
          />
        )}
      </Field>
      {by === "label" ? (
        <Field label="Label" error={wrong}>
          {(control) => (
            <span className="flex gap-1">
              <TextInput
                {...control}
                mono
                placeholder="rack"
                value={label}
                onChange={({ target: { value } }) => setLabel(value)}
              />
              <Button type="submit">Show</Button>
            </span>
          )}
        </Field>
      ) : null}
    </form>
  );
}
