import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useReducer, useState } from "react";
import type { Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { useLiveInterest } from "../../live/live.ts";
import { changesSubscribe, type LiveMachine } from "../../live/machine-store.ts";
import { drift, type Drift } from "./drift.ts";
import type { ListView } from "./list-address.ts";
import { listOptions, rowsMost, type ListRow } from "./list-query.ts";

/** A list of machines as a page shows it. */
export interface MachineRows {
  rows: readonly ListRow[];
  /** The list has all that there are. */
  complete: boolean;
  /** Rows of before, while those of now are on their way. */
  stale: boolean;
  error: Error | null;
  drift: Drift;
  /** Reads the next page, if there is one. */
  more: () => void;
  moreUnderWay: boolean;
  /** Goes on from the last row; undefined while all that there are fit. */
  goOn: (() => void) | undefined;
  /** Reads the list anew, in its order. */
  refresh: () => void;
}

const none: readonly ListRow[] = [];

/** The rows of a list, kept current in place. @param small few enough to hear of every machine that matches */
export function useList(view: ListView, small: boolean): MachineRows {
  const [start, setStart] = useState({ view, after: "" });
  const after = start.view === view ? start.after : "";
  const query = useInfiniteQuery(listOptions(view, after));
  const { data, fetchNextPage, isFetchingNextPage, hasNextPage, refetch } = query;
  const rows = useMemo(() => data?.pages.flatMap((page) => page.rows) ?? none, [data]);
  const ids = useMemo(() => rows.slice(0, 1_000).map(({ machine }) => machine.id), [rows]);
  useLiveInterest(ids, small ? view.filter : undefined);
  const refresh = useCallback(() => void refetch(), [refetch]);
  const full = rows.length >= rowsMost;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage && !full) {
      void fetchNextPage();
    }
  }, [hasNextPage, isFetchingNextPage, full, fetchNextPage]);
  const last = data?.pages.at(-1)?.next ?? "";
  return {
    rows,
    complete: data !== undefined && !hasNextPage,
    stale: query.isPlaceholderData,
    error: query.error,
    drift: useDrift(view, rows, data !== undefined && !hasNextPage),
    more,
    moreUnderWay: isFetchingNextPage,
    goOn: full && hasNextPage ? () => setStart({ view, after: last }) : undefined,
    refresh,
  };
}

/** How far the rows are from what the server would list now. */
function useDrift(view: ListView, rows: readonly ListRow[], complete: boolean): Drift {
  const changes = useMemo(() => new Map<string, LiveMachine>(), []);
  const [version, changed] = useReducer((count: number) => count + 1, 0);
  useEffect(
    () =>
      changesSubscribe((heard) => {
        heard.forEach((change) => changes.set(change.id, change));
        changed();
      }),
    [changes],
  );
  return useMemo(() => {
    const read = new Map(rows.map(({ machine, sequence }) => [machine.id, sequence]));
    // A change that came before the first row was asked for is in the list, or does not belong into it.
    const first = rows[0]?.sequence ?? 0;
    const newer = new Map<string, Machine | undefined>();
    for (const [id, { machine, sequence }] of changes) {
      if (sequence > (read.get(id) ?? first)) {
        newer.set(id, machine);
      } else if (!read.has(id)) {
        changes.delete(id);
      }
    }
    return drift({ view, rows: rows.map(({ machine }) => machine), changed: newer, complete });
    // `version` stands for what is in `changes`.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [view, rows, complete, changes, version]);
}
