import { createInfiniteQueryOptions, useInfiniteQuery } from "@connectrpc/connect-query";
import { create } from "@bufbuild/protobuf";
import { useEffect, useState, type ReactNode } from "react";
import { useSearchParams, type LoaderFunctionArgs } from "react-router";
import {
  InstallationListRequestSchema,
  InstallationService,
  type InstallationEntry,
  type InstallationListRequest,
} from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { InstallationState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { installationStateWords } from "../../../src/contract/words/installation-state.ts";
import { valueOfWord } from "../../../src/contract/words/table.ts";
import { queryClient } from "../../api/query-client.ts";
import { transport } from "../../api/transport.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { Button } from "../../ui/Button.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { TextInput } from "../../ui/Field.tsx";
import { FailedGroups } from "./FailedGroups.tsx";
import { InstallationsTable } from "./InstallationsTable.tsx";

const method = InstallationService.method.installationList;
const paging = {
  pageParamKey: "pageToken",
  getNextPageParam: ({ nextPageToken }: { nextPageToken: string }) => nextPageToken || undefined,
} as const;
const pageSize = 100;

/** Reads the first page before the page is drawn. */
export async function loader({ request }: LoaderFunctionArgs): Promise<null> {
  const input = requestOf(new URL(request.url).searchParams);
  await queryClient.ensureInfiniteQueryData(createInfiniteQueryOptions(method, input, { transport, ...paging }));
  return null;
}

/** The installations of all machines, newest first; what failed, by error. */
export default function InstallationsPage(): ReactNode {
  const [search, setSearch] = useSearchParams();
  const input = requestOf(search);
  const { data, error, fetchNextPage, hasNextPage, isFetchingNextPage, isPlaceholderData, refetch } = useInfiniteQuery(
    method,
    input,
    {
      ...paging,
      placeholderData: (before) => before,
      refetchInterval: ({ state }) => refreshEvery(state.data?.pages.flatMap((page) => page.installations) ?? []),
    },
  );
  const entries = data?.pages.flatMap(({ installations }) => installations) ?? [];
  const change = (name: "state" | "error", values: readonly string[]): void => {
    const next = new URLSearchParams(search);
    next.delete(name);
    values.filter((value) => value !== "").forEach((value) => next.append(name, value));
    setSearch(next, { preventScrollReset: true });
  };
  const states = search.getAll("state");
  return (
    <>
      <PageHead title="Installations" />
      <div className="flex flex-col gap-4">
        <FailedGroups />
        <div className="flex flex-wrap items-center gap-2">
          {Object.values(installationStateWords).map((word) => (
            <Button
              key={word}
              aria-pressed={states.includes(word)}
              kind={states.includes(word) ? "primary" : "plain"}
              onClick={() =>
                change("state", states.includes(word) ? states.filter((one) => one !== word) : [...states, word])
              }
            >
              {word}
            </Button>
          ))}
          <ErrorFilter value={search.get("error") ?? ""} onChange={(value) => change("error", [value])} />
        </div>
        {error === null ? null : (
          <RpcError title="The installations can't be listed" error={error} onRetry={() => void refetch()} />
        )}
        {data !== undefined && entries.length === 0 && !hasNextPage ? (
          <EmptyState title={search.size === 0 ? "No installation was requested yet" : "No installation matches"}>
            {search.size === 0 ? (
              "On a machine's page, Install requests the first one."
            ) : (
              <Button onClick={() => setSearch({})}>Show all</Button>
            )}
          </EmptyState>
        ) : (
          <InstallationsTable entries={entries} more={hasNextPage} stale={isPlaceholderData} />
        )}
        {hasNextPage ? (
          <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show more
          </Button>
        ) : null}
      </div>
    </>
  );
}

/** Milliseconds until the list is read again: soon while something is pending. Pure. */
function refreshEvery(entries: readonly InstallationEntry[]): number {
  return entries.some(({ installation }) => installation?.state === InstallationState.PENDING) ? 1_500 : 15_000;
}

/** The list's request of an address. Words that are no state are left out. Pure. */
function requestOf(search: URLSearchParams): InstallationListRequest {
  const known = search.getAll("state").map((word) => valueOfWord(installationStateWords, word));
  const states = known.filter((state) => state !== undefined);
  return create(InstallationListRequestSchema, { states, pageSize, error: search.get("error") ?? "" });
}

function ErrorFilter({ value, onChange }: { value: string; onChange: (value: string) => void }): ReactNode {
  const [typed, setTyped] = useState(value);
  useEffect(() => {
    if (typed === value) {
      return undefined;
    }
    const timer = setTimeout(() => onChange(typed), 250);
    return () => clearTimeout(timer);
  });
  return (
    <search className="w-56">
      <TextInput
        type="search"
        aria-label="A part of the error"
        placeholder="A part of the error"
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
      />
    </search>
  );
}
