import { callUnaryMethod } from "@connectrpc/connect-query";
import { timestampFromMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState, type ReactNode } from "react";
import { useLocation } from "react-router";
import { MachineService, type Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { defined } from "../../../src/lib/defined.ts";
import { transport } from "../../api/transport.ts";
import { useRefreshOnChange } from "../../live/use-refresh-on-change.ts";
import { RpcError } from "../../parts/RpcError.tsx";
import { serverNow } from "../../parts/server-clock.ts";
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

/** Days back; "" is everything. */
const times = [
  ["", "at any time"],
  ["1", "in the last day"],
  ["7", "in the last 7 days"],
  ["30", "in the last 30 days"],
] as const;
/** Generations that can be chosen. */
const generationsMost = 50n;

/** What happened to the machine, newest first. */
export function TimelineTab({ machine: { id, name, installation } }: { machine: Machine }): ReactNode {
  const [kind, setKind] = useState<string>("all");
  const [generation, setGeneration] = useState("0");
  const [since, setSince] = useState<{ days: string; from?: Timestamp }>({ days: "" });
  const { hash } = useLocation();
  const key = useMemo(() => ["machine-history", id, kind, generation, since.days], [id, kind, generation, since.days]);
  const newest = installation?.generation ?? 0n;
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useInfiniteQuery({
    queryKey: key,
    queryFn: async ({ pageParam, signal }) =>
      await callUnaryMethod(
        transport,
        MachineService.method.machineHistory,
        {
          machine: id,
          pageSize: 100,
          pageToken: pageParam,
          generation: BigInt(generation),
          actorKinds: actorKindsOf(kind),
          ...defined({ from: since.from }),
        },
        { signal },
      ),
    initialPageParam: "",
    getNextPageParam: ({ nextPageToken }) => (nextPageToken === "" ? undefined : nextPageToken),
    placeholderData: keepPreviousData,
  });
  useRefreshOnChange(key, { machine: id });
  if (data === undefined) {
    return error === null ? (
      <p data-loading="" className="text-dim min-h-40">
        Reading …
      </p>
    ) : (
      <RpcError title="The timeline can't be read" error={error} onRetry={() => void refetch()} />
    );
  }
  const entries = data.pages.flatMap((page) => page.entries);
  const machine = name === "" ? id : name;
  return (
    <>
      <div className="mb-2 flex flex-wrap items-center gap-2 text-sm">
        <label className="flex max-w-xs items-center gap-2">
          Show
          <Select options={kinds} value={kind} onChange={({ target }) => setKind(target.value)} />
        </label>
        <label>
          <span className="unseen">Of the generation</span>
          <Select
            options={generationOptions(newest)}
            value={generation}
            onChange={({ target }) => setGeneration(target.value)}
          />
        </label>
        <label>
          <span className="unseen">When</span>
          <Select
            options={times}
            value={since.days}
            onChange={({ target: { value } }) => setSince({ days: value, ...defined({ from: daysAgo(value) }) })}
          />
        </label>
      </div>
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

/** The newest generations, and all. Pure. */
function generationOptions(newest: bigint): (readonly [string, string])[] {
  const count = newest < generationsMost ? newest : generationsMost;
  const numbers = Array.from({ length: Number(count) }, (_, index) => String(newest - BigInt(index)));
  return [["0", "of all generations"], ...numbers.map((number) => [number, `of generation ${number}`] as const)];
}

/** The time `days` days ago, by the server's clock; undefined for "". */
function daysAgo(days: string): Timestamp | undefined {
  return days === "" ? undefined : timestampFromMs((serverNow() ?? new Date()).getTime() - Number(days) * 86_400_000);
}

/** The kinds of actors whose entries are read; the upkeep of Farrier itself is among what Farrier did. Pure. */
function actorKindsOf(kind: string): string[] {
  if (kind === "all") {
    return [];
  }
  return kind === "component" ? ["component", "system"] : [kind];
}
