import { useQuery } from "@tanstack/react-query";
import { Suspense, useCallback, useMemo, useRef, type ReactNode } from "react";
import { useNavigate, useSearchParams, type LoaderFunctionArgs } from "react-router";
import { firstPageDrawn } from "../../layout/page-drawn.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { usePaletteCommands } from "../../layout/palette-commands.ts";
import { liveReady } from "../../live/live.ts";
import { liveMachine } from "../../live/machine-store.ts";
import { RpcError } from "../../parts/RpcError.tsx";
import { paths } from "../../paths.ts";
import { Button } from "../../ui/Button.tsx";
import { useColumns } from "./use-columns.ts";
import { driftWords } from "./drift.ts";
import { FilterBar } from "./FilterBar.tsx";
import { listAddress, listView } from "./list-address.ts";
import { countOptions, countWords, listLoad } from "./list-query.ts";
import { MachineTable } from "./MachineTable.tsx";
import { useList } from "./use-list.ts";
import { useListKeys } from "./use-list-keys.ts";
import { useMarks } from "./use-marks.ts";
import { lazyPart } from "../../layout/lazy-part.ts";

/** What an empty list shows. */
const NothingHere = lazyPart(async () => (await import("./NothingHere.tsx")).NothingHere);
/** Menus, and what can be done with machines: loaded after the list is drawn. */
const ListTools = lazyPart(async () => {
  await firstPageDrawn();
  return (await import("./ListTools.tsx")).ListTools;
});

/** Begins the stream, then reads the first rows: so nothing falls between. */
export async function loader({ request }: LoaderFunctionArgs): Promise<null> {
  await liveReady();
  await listLoad(listView(new URL(request.url).searchParams));
  return null;
}

/** The list of machines. */
export default function MachinesPage(): ReactNode {
  const [search] = useSearchParams();
  const view = useMemo(() => listView(search), [search]);
  const navigate = useNavigate();
  const columns = useColumns();
  const field = useRef<HTMLInputElement>(null);
  const count = useQuery(countOptions(view.filter)).data;
  const list = useList(view, count?.more === false);
  const { rows, drift, refresh } = list;
  const { marked, mark, markAll, clear } = useMarks(rows);
  const open = useCallback((id: string) => void navigate(paths.machine(id)), [navigate]);
  const openIndex = useCallback(
    (index: number) => {
      const id = rows[index]?.machine.id;
      if (id !== undefined) {
        open(id);
      }
    },
    [rows, open],
  );
  const { current, setCurrent } = useListKeys({
    count: rows.length,
    field,
    onMark: mark,
    onOpen: openIndex,
    onClear: clear,
    onRefresh: refresh,
  });
  const markedMachines = useMemo(
    () =>
      rows
        .filter(({ machine }) => marked.has(machine.id))
        .map(({ machine }) => liveMachine(machine.id)?.machine ?? machine),
    [rows, marked],
  );
  usePaletteCommands(
    useMemo(
      () => [
        { title: "Mark all machines that are loaded", run: markAll },
        { title: "Read the list of machines again", run: refresh },
      ],
      [markAll, refresh],
    ),
  );
  const drifted = driftWords(drift);
  const words = count === undefined ? undefined : countWords(count);
  const gone = marked.size - markedMachines.length;
  // Kept, so that a step of the keyboard draws the rows alone.
  const filterBar = useMemo(() => {
    const filterSet = (filter: typeof view.filter): void =>
      void navigate(listAddress({ ...view, filter }), { replace: true });
    return (
      <FilterBar filter={view.filter} onChange={filterSet} field={field}>
        <Suspense fallback={<span className="h-7" />}>
          <ListTools
            view={view}
            shown={() => rows.map(({ machine }) => liveMachine(machine.id)?.machine ?? machine)}
            onFilter={filterSet}
            machines={markedMachines}
            all={words}
            gone={gone}
            onClear={clear}
          />
        </Suspense>
      </FilterBar>
    );
  }, [view, rows, markedMachines, words, gone, clear, navigate]);
  return (
    <div className="flex h-[calc(100dvh-5rem)] flex-col lg:h-full">
      <PageHead title="Machines" actions={<span className="text-dim text-sm">{words}</span>} />
      {filterBar}
      <div role="status" className="text-sm empty:hidden">
        {drifted === "" ? null : (
          <Button className="mb-2" icon="recover" onClick={refresh}>
            {drifted}: show (r)
          </Button>
        )}
      </div>
      {list.error === null ? null : (
        <RpcError title="The machines can't be listed" error={list.error} onRetry={refresh} />
      )}
      {rows.length === 0 && list.complete && !list.stale ? (
        <Suspense>
          <NothingHere view={view} />
        </Suspense>
      ) : (
        <MachineTable
          list={list}
          view={view}
          columns={columns}
          total={count === undefined || count.more ? undefined : Number(count.machines)}
          marked={marked}
          current={current}
          onMark={mark}
          onMarkAll={markAll}
          onCurrent={setCurrent}
          onOpen={open}
          onSort={(order, descending) => void navigate(listAddress({ ...view, order, descending }), { replace: true })}
        />
      )}
      <p className="text-dim flex min-h-7 flex-wrap items-center gap-2 pt-1 text-xs">
        {rows.length} shown{list.moreUnderWay ? ", reading more …" : list.complete ? "" : ", more below"}
        {list.goOn === undefined ? null : <Button onClick={list.goOn}>Go on from the last row</Button>}
      </p>
    </div>
  );
}
