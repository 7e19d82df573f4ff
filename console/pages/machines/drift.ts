import type { Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { ListView } from "./list-address.ts";
import { compareIn, filterMatches } from "./matches.ts";

/** How far a list is from what the server would list now. */
export interface Drift {
  /** Ids of rows that would stand elsewhere. */
  moved: ReadonlySet<string>;
  /** Ids of rows that the filter no longer matches, and of deleted machines. */
  left: ReadonlySet<string>;
  /** Machines that would be in the list. */
  added: number;
}

/** Options of {@link drift}. */
export interface DriftOptions {
  view: ListView;
  /** In the order in which they stand. */
  rows: readonly Machine[];
  /** What the stream has said that is newer, by id; undefined = deleted. */
  changed: ReadonlyMap<string, Machine | undefined>;
  /** The list has all that there are. */
  complete: boolean;
}

/** Compares the rows as they were read with what the stream has said since. Pure. */
export function drift({ view, rows, changed, complete }: DriftOptions): Drift {
  const moved = new Set<string>();
  const left = new Set<string>();
  const shown = new Set(rows.map(({ id }) => id));
  const now = (machine: Machine): Machine => changed.get(machine.id) ?? machine;
  for (const [index, row] of rows.entries()) {
    if (!changed.has(row.id)) {
      continue;
    }
    const machine = changed.get(row.id);
    if (machine === undefined || !filterMatches(view.filter, machine)) {
      left.add(row.id);
      continue;
    }
    const [before, after] = [rows[index - 1], rows[index + 1]];
    if (
      compareIn(view, row, machine) !== 0 &&
      ((before !== undefined && compareIn(view, now(before), machine) > 0) ||
        (after !== undefined && compareIn(view, now(after), machine) < 0))
    ) {
      moved.add(row.id);
    }
  }
  const last = rows.at(-1);
  const added = [...changed].filter(
    ([id, machine]) =>
      machine !== undefined &&
      !shown.has(id) &&
      filterMatches(view.filter, machine) &&
      (complete || (last !== undefined && compareIn(view, machine, last) < 0)),
  );
  return { moved, left, added: added.length };
}

/** "12 moved, 1 left, 3 new"; empty if nothing drifted. Pure. */
export function driftWords({ moved, left, added }: Drift): string {
  return [
    ...(moved.size === 0 ? [] : [`${moved.size} moved`]),
    ...(left.size === 0 ? [] : [`${left.size} no longer in this list`]),
    ...(added === 0 ? [] : [`${added} new`]),
  ].join(", ");
}
