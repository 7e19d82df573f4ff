import { callUnaryMethod, createConnectQueryKey, createQueryOptions } from "@connectrpc/connect-query";
import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";
import { RolloutService, type RolloutMachineState } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { transport } from "../../api/transport.ts";

/** Milliseconds between two looks while the page is seen: the stream tells of machines, and not of the rollout. */
export const rolloutEvery = 2_000;
/** Cells that are read at a time. */
export const cellsAtOnce = 500;
/** Cells that are drawn; the table goes on from there. */
export const cellsMost = 2_000;

/** One rollout with its waves, causes and events. */
export function rolloutOptions(name: string) {
  return createQueryOptions(RolloutService.method.rolloutShow, { rollout: name }, { transport });
}

/** The beginning of the keys of rollouts that are shown. */
export const rolloutKey = createConnectQueryKey({ schema: RolloutService.method.rolloutShow, cardinality: "finite" });

/** The beginning of the keys of rollouts' machines. */
export const rolloutMachinesKey = ["rollout-machines"] as const;

/** A rollout's machines in their order, page by page. @param states of which they are; none = all */
export function rolloutMachinesOptions(name: string, states: readonly RolloutMachineState[], pageSize: number) {
  return infiniteQueryOptions({
    queryKey: [...rolloutMachinesKey, name, states, pageSize],
    queryFn: async ({ pageParam, signal }) =>
      await callUnaryMethod(
        transport,
        RolloutService.method.rolloutMachineList,
        { rollout: name, states: [...states], pageSize, pageToken: pageParam },
        { signal },
      ),
    initialPageParam: "",
    getNextPageParam: ({ nextPageToken }) => (nextPageToken === "" ? undefined : nextPageToken),
    placeholderData: keepPreviousData,
  });
}
