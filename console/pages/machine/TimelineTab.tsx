import { callUnaryMethod } from "@connectrpc/connect-query";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState, type ReactNode } from "react";
import { useLocation } from "react-router";
import { MachineService, type HistoryEntry, type Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { transport } from "../../api/transport.ts";
import { useRefreshOnChange } from "../../live/use-refresh-on-change.ts";
import { RpcError } from "../../parts/RpcError.tsx";
import { Timeline } from "../../parts/Timeline.tsx";
import { paths } from "../../paths.ts";
import { Button } from "../../ui/Button.tsx";
import { Select } from "../../ui/Field.tsx";

const kinds = [
  ["all", "everything"],
  ["operator", "what operators did"],
  ["agent", "what its agent did"],
  ["component", "what Farrier did"],
] as const;

/** What happened to the machine, newest first. */
export function TimelineTab({ machine: { id, name } }: { machine: Machine }): ReactNode {
  const [kind, setKind] = useState<string>("all");
  const { hash } = useLocation();
  const key = useMemo(() => ["machine-history", id], [id]);
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useInfiniteQuery({
    queryKey: key,
    queryFn: async ({ pageParam, signal }) =>
      await callUnaryMethod(
        transport,
        MachineService.method.machineHistory,
        { machine: id, pageSize: 100, pageToken: pageParam },
        { signal },
      ),
    initialPageParam: "",
    getNextPageParam: ({ nextPageToken }) => (nextPageToken === "" ? undefined : nextPageToken),
  });
  useRefreshOnChange(key, { machine: id });
  if (data === undefined) {
    return error === null ? (
      <p className="text-dim min-h-40">Reading …</p>
    ) : (
      <RpcError title="The timeline can't be read" error={error} onRetry={() => void refetch()} />
    );
  }
  const entries = data.pages.flatMap((page) => page.entries).filter((entry) => isOf(kind, entry));
  const machine = name === "" ? id : name;
  return (
    <>
      <label className="mb-2 flex max-w-xs items-center gap-2 text-sm">
        Show
        <Select options={kinds} value={kind} onChange={({ target }) => setKind(target.value)} />
      </label>
      <Timeline
        entries={entries}
        named={hash === "" ? undefined : decodeURIComponent(hash.slice(1))}
        href={(_entry, entryKey) => `/console${paths.timelineEntry(machine, entryKey)}`}
      />
      {entries.length === 0 ? <p className="text-dim text-sm">Nothing of this kind.</p> : null}
      {hasNextPage ? (
        <Button className="mt-2" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show what was before
        </Button>
      ) : null}
    </>
  );
}

function isOf(kind: string, { actorKind }: HistoryEntry): boolean {
  return kind === "all" || actorKind === kind || (kind === "component" && actorKind === "system");
}
