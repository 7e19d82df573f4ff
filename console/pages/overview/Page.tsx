import { createQueryOptions, useQuery } from "@connectrpc/connect-query";
import { useState, type ReactNode } from "react";
import type { LoaderFunctionArgs } from "react-router";
import { queryClient } from "../../api/query-client.ts";
import { transport } from "../../api/transport.ts";
import { useLiveFleet } from "../../live/use-live-fleet.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { Age } from "../../parts/Age.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { FirstMachine } from "../../parts/FirstMachine.tsx";
import { FleetMap } from "./FleetMap.tsx";
import { Needs } from "./Needs.tsx";
import { RunningNow } from "./RunningNow.tsx";
import { StateBar } from "./StateBar.tsx";
import { groupsQuery, mapChoice } from "./map-choice.ts";
import { countEvery, runningQuery, summaryKey, summaryQuery } from "./queries.ts";

/** Reads the fleet's figures before the page is drawn. */
export async function loader({ request }: LoaderFunctionArgs): Promise<null> {
  const groups = groupsQuery(mapChoice(new URL(request.url).searchParams.get("map")));
  await Promise.all([
    queryClient.ensureQueryData(createQueryOptions(summaryQuery.method, summaryQuery.input, { transport })),
    queryClient.ensureQueryData(createQueryOptions(runningQuery.method, runningQuery.input, { transport })),
    queryClient.ensureQueryData(createQueryOptions(groups.method, groups.input, { transport })),
  ]);
  return null;
}

/** The page "Overview": the fleet by state, what needs somebody, what runs now, and a map. */
export default function OverviewPage(): ReactNode {
  const [every, setEvery] = useState(countEvery);
  const { data, error, refetch } = useQuery(summaryQuery.method, summaryQuery.input, { refetchInterval: every });
  const next = useLiveFleet(summaryKey, data?.machines, countEvery);
  if (next !== every) {
    setEvery(next);
  }
  return (
    <>
      <PageHead title="Overview">
        {error === null || data === undefined ? null : (
          <p className="text-warn">
            What is shown is from <Age at={data.at} />
          </p>
        )}
      </PageHead>
      {error === null ? null : (
        <RpcError title="The fleet can't be counted" error={error} onRetry={() => void refetch()} />
      )}
      {data === undefined ? null : data.machines === 0n ? (
        <FirstMachine />
      ) : (
        <div className="flex flex-col gap-6">
          <StateBar machines={data.machines} states={data.states} />
          <Needs needs={data.needs} />
          <RunningNow pending={data.pending} />
          <FleetMap />
        </div>
      )}
    </>
  );
}
