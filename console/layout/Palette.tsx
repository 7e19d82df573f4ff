import { keepPreviousData } from "@tanstack/react-query";
import { useQuery } from "@connectrpc/connect-query";
import { useDeferredValue, useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { useNavigate } from "react-router";
import { MachineService } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { MachineStateBadge } from "../parts/MachineStateBadge.tsx";
import { ForeignText } from "../parts/ForeignText.tsx";
import { paths } from "../paths.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { TextInput } from "../ui/Field.tsx";
import { classes } from "../ui/classes.ts";
import { navigation } from "./navigation-entries.ts";
import { useOfferedCommands } from "./palette-commands.ts";

interface Found {
  key: string;
  title: string;
  /** On the right: what kind of thing it is. */
  kind: ReactNode;
  refused?: string | undefined;
  run: () => void;
}

/** Finds anything: machines by the server's search, pages, and commands of what is open. */
export function Palette({ onClose }: { onClose: () => void }): ReactNode {
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(0);
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const found = useFound(typed.trim());
  useEffect(() => {
    // After the dialog has put the focus on its first button.
    const frame = requestAnimationFrame(() => requestAnimationFrame(() => field.current?.focus()));
    return () => cancelAnimationFrame(frame);
  }, []);
  const at = Math.min(chosen, found.length - 1);
  const take = (one: Found | undefined): void => {
    if (one !== undefined && one.refused === undefined) {
      onClose();
      one.run();
    }
  };
  const pressed = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setChosen((at + step + found.length) % Math.max(1, found.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      take(found[at]);
    }
  };
  return (
    <Dialog title="Find anything" onClose={onClose}>
      <TextInput
        ref={field}
        role="combobox"
        aria-label="Machines, pages and commands"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={found[at] === undefined ? undefined : `${id}-${at}`}
        placeholder="Name, id or label of a machine; a page; a command"
        value={typed}
        onChange={({ target }) => {
          setTyped(target.value);
          setChosen(0);
        }}
        onKeyDown={pressed}
      />
      <ul id={id} role="listbox" aria-label="Found" className="mt-2 flex min-h-64 flex-col text-sm">
        {found.map((one, index) => (
          // The keyboard is at the field above, which moves the choice.
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
          <li
            key={one.key}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            aria-disabled={one.refused !== undefined}
            onClick={() => take(one)}
            className={classes(
              "flex min-h-9 cursor-pointer items-center gap-3 rounded-md px-2 py-1",
              index === at && "bg-accent-soft",
              one.refused !== undefined && "text-dim",
            )}
          >
            <span className="min-w-0 grow">
              <ForeignText text={one.title} />
              {one.refused === undefined ? null : <span className="block text-xs">{one.refused}</span>}
            </span>
            <span className="text-dim shrink-0 text-xs">{one.kind}</span>
          </li>
        ))}
        {found.length === 0 ? <li className="text-dim p-2">Nothing has this name.</li> : null}
      </ul>
    </Dialog>
  );
}

/** What matches, machines first. */
function useFound(typed: string): Found[] {
  const search = useDeferredValue(typed);
  const navigate = useNavigate();
  const offered = useOfferedCommands();
  const { data } = useQuery(
    MachineService.method.machineList,
    { search, pageSize: 8 },
    { enabled: search !== "", placeholderData: keepPreviousData },
  );
  const matches = (title: string): boolean => title.toLowerCase().includes(typed.toLowerCase());
  const machines = search === "" || typed === "" ? [] : (data?.machines ?? []);
  return [
    ...machines.map(({ id, name, standing }): Found => ({
      key: id,
      title: name === "" ? id : name,
      kind: standing === undefined ? "machine" : <MachineStateBadge state={standing.state} />,
      run: () => void navigate(paths.machine(name === "" ? id : name)),
    })),
    ...offered
      .filter(({ title }) => matches(title))
      .map(({ title, refused, run }): Found => ({ key: title, title, kind: "command", refused, run })),
    ...navigation
      .filter(({ title }) => matches(title))
      .map(({ title, to }): Found => ({ key: to, title, kind: "page", run: () => void navigate(to) })),
  ];
}
