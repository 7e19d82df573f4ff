import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, type ReactNode } from "react";
import { Link, useParams, type LoaderFunctionArgs } from "react-router";
import type { RolloutMachine } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { isNotFound, notFoundLeave } from "../../api/not-found.ts";
import { queryClient } from "../../api/query-client.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { CliCopy } from "../../parts/CliCopy.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { paths } from "../../paths.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Causes } from "./Causes.tsx";
import { cellsAtOnce, cellsMost, rolloutEvery, rolloutMachinesOptions, rolloutOptions } from "./queries.ts";
import { RolloutActions } from "./RolloutActions.tsx";
import { RolloutEvents } from "./RolloutEvents.tsx";
import { RolloutFacts } from "./RolloutFacts.tsx";
import { RolloutMachines } from "./RolloutMachines.tsx";
import { useRolloutLive } from "./use-rollout-live.ts";
import { Waves } from "./Waves.tsx";

/** Reads the rollout and its first machines before the page is drawn. */
export async function loader({ params }: LoaderFunctionArgs): Promise<null> {
  const name = params["rollout"] ?? "";
  await Promise.all([
    queryClient.ensureQueryData(rolloutOptions(name)).catch(notFoundLeave),
    queryClient.ensureInfiniteQueryData(rolloutMachinesOptions(name, [], cellsAtOnce)).catch(notFoundLeave),
  ]);
  return null;
}

const none: readonly RolloutMachine[] = [];

/** The page of one rollout: how far its waves are, what failed and why, and what an operator can do. */
export default function RolloutPage(): ReactNode {
  const { rollout: name = "" } = useParams();
  const show = useMemo(() => rolloutOptions(name), [name]);
  const list = useMemo(() => rolloutMachinesOptions(name, [], cellsAtOnce), [name]);
  const { data, error, refetch } = useQuery({ ...show, refetchInterval: rolloutEvery });
  const cells = useInfiniteQuery(list);
  const machines = useMemo(() => cells.data?.pages.flatMap((page) => page.machines) ?? none, [cells.data]);
  const rollout = isNotFound(error) ? undefined : data?.rollout;
  useRolloutLive(rollout, machines);
  const all = rollout?.counts?.machines ?? 0;
  return (
    <>
      <PageHead
        title={name}
        actions={rollout === undefined ? null : <RolloutActions rollout={rollout} machines={machines} />}
      >
        <p className="text-sm">
          <Link to={paths.rollouts()} className="text-accent hover:underline">
            All rollouts
          </Link>
        </p>
      </PageHead>
      {error === null || isNotFound(error) ? null : (
        <RpcError title="The rollout can't be shown" error={error} onRetry={() => void refetch()} />
      )}
      {isNotFound(error) ? (
        <EmptyState title="There is no such rollout">
          <p>No rollout was created under this name:</p>
          <CliCopy command="farrier rollout list" />
        </EmptyState>
      ) : null}
      {rollout === undefined || data === undefined ? null : (
        <div className="flex flex-col gap-6">
          <RolloutFacts rollout={rollout} />
          <Causes causes={data.causes} machines={machines} complete={machines.length >= all} />
          <Waves
            waves={data.waves}
            machines={machines}
            // More are read on request, up to what a page can hold.
            onMore={cells.hasNextPage && machines.length < cellsMost ? () => void cells.fetchNextPage() : undefined}
            busy={cells.isFetchingNextPage}
          />
          <RolloutMachines name={name} />
          <RolloutEvents events={data.events} />
          <p className="text-dim text-sm">
            Changes of its machines are heard as they happen. The rollout itself is read anew every{" "}
            {rolloutEvery / 1_000} seconds while this page is seen.
          </p>
        </div>
      )}
    </>
  );
}
