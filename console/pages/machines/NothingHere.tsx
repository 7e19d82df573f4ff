import { useQueries } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { FirstMachine } from "../../parts/FirstMachine.tsx";
import { filterChips, listAddress, type ListView } from "./list-address.ts";
import { countOptions, countWords } from "./list-query.ts";

/** In place of an empty list: the ways to a first machine, or how many there would be without each condition. */
export function NothingHere({ view }: { view: ListView }): ReactNode {
  const chips = filterChips(view.filter);
  const counts = useQueries({ queries: chips.map(({ without }) => countOptions(without)) });
  if (chips.length === 0) {
    return <FirstMachine />;
  }
  return (
    <EmptyState title="No machine matches">
      <p>Without one of the conditions there would be:</p>
      <ul className="flex flex-col gap-1">
        {chips.map(({ words, without }, index) => {
          const count = counts[index]?.data;
          return (
            <li key={words}>
              without <span className="text-text foreign">{words}</span>:{" "}
              <Link to={listAddress({ ...view, filter: without })} className="text-accent underline">
                {count === undefined ? "…" : countWords(count)}
              </Link>
            </li>
          );
        })}
      </ul>
    </EmptyState>
  );
}
