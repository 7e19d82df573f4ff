import type { MessageInitShape } from "@bufbuild/protobuf";
import { callUnaryMethod } from "@connectrpc/connect-query";
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import {
  MachineService,
  type Machine,
  type MachineFilter,
  type MachineListRequestSchema,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { queryClient } from "../../api/query-client.ts";
import { transport } from "../../api/transport.ts";
import { liveSequence } from "../../live/machine-store.ts";
import { filterChips, machineOrders, type ListView } from "./list-address.ts";

const pageSize = 100;
/** Rows that are held; the list goes on from there on request. */
export const rowsMost = 2_000;

/** A row as it was read, and what the stream had said by then. */
export interface ListRow {
  machine: Machine;
  sequence: number;
}

interface ListPage {
  rows: ListRow[];
  next: string;
}

/** The request that lists what `view` shows. Pure. */
export function listRequest({
  filter,
  order,
  descending,
}: ListView): MessageInitShape<typeof MachineListRequestSchema> {
  const { states, labels, providers, namePrefix, search, deadlineMissed, location } = filter;
  return {
    states,
    labels,
    providers,
    namePrefix,
    search,
    deadlineMissed,
    location,
    sort: machineOrders[order],
    descending,
  };
}

/** The list's pages; `after` is the token that the first of them begins at. */
export function listOptions(view: ListView, after: string) {
  const request = listRequest(view);
  return infiniteQueryOptions({
    queryKey: ["machines", keyOf(view.filter), view.order, view.descending, after],
    queryFn: async ({ pageParam, signal }): Promise<ListPage> => {
      const sequence = liveSequence();
      let pageToken = pageParam;
      // A page may be empty although more follow: to draw nothing again and again would take longer than to read on.
      for (;;) {
        const page = { ...request, pageSize, pageToken };
        const answer = await callUnaryMethod(transport, MachineService.method.machineList, page, { signal });
        pageToken = answer.nextPageToken;
        if (answer.machines.length > 0 || pageToken === "") {
          return { rows: answer.machines.map((machine) => ({ machine, sequence })), next: pageToken };
        }
      }
    },
    initialPageParam: after,
    getNextPageParam: ({ next }) => (next === "" ? undefined : next),
    placeholderData: keepPreviousData,
    structuralSharing: false,
  });
}

/** How many machines a filter matches. */
export function countOptions(filter: MachineFilter) {
  return queryOptions({
    queryKey: ["machine-count", keyOf(filter)],
    queryFn: async ({ signal }) =>
      await callUnaryMethod(transport, MachineService.method.machineCount, { filter }, { signal }),
    placeholderData: keepPreviousData,
  });
}

/** Reads what a list's page needs. */
export async function listLoad(view: ListView): Promise<void> {
  await queryClient.ensureInfiniteQueryData({ ...listOptions(view, ""), revalidateIfStale: true });
}

/** "1,234 machines", "at least 10,000 machines". Pure. */
export function countWords({ machines, more }: { machines: bigint; more: boolean }): string {
  const number = machines.toLocaleString("en");
  const noun = machines === 1n ? "machine" : "machines";
  return more ? `at least ${number} ${noun}` : `${number} ${noun}`;
}

function keyOf(filter: MachineFilter): readonly string[] {
  return filterChips(filter).map(({ words }) => words);
}
