import { createQueryOptions, useQuery } from "@connectrpc/connect-query";
import type { ReactNode } from "react";
import { queryClient } from "../../api/query-client.ts";
import { transport } from "../../api/transport.ts";
import { useLiveFleet } from "../../live/use-live-fleet.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { Backoffs } from "./Backoffs.tsx";
import { Eligible } from "./Eligible.tsx";
import { LiveComponents } from "./LiveComponents.tsx";
import { WorkHeld } from "./WorkHeld.tsx";
import { backoffsQuery, countsQuery, sessionsQuery, workEvery, workKeys, workQuery } from "./queries.ts";

/** Reads all tables before the page is drawn. */
export async function loader(): Promise<null> {
  await Promise.all([
    queryClient.ensureQueryData(createQueryOptions(sessionsQuery.method, sessionsQuery.input, { transport })),
    queryClient.ensureQueryData(createQueryOptions(workQuery.method, workQuery.input, { transport })),
    queryClient.ensureQueryData(createQueryOptions(backoffsQuery.method, backoffsQuery.input, { transport })),
    queryClient.ensureQueryData(createQueryOptions(countsQuery.method, countsQuery.input, { transport })),
  ]);
  return null;
}

/** The page "Work": components, what they work on, what waits, and what nobody has taken. */
export default function WorkPage(): ReactNode {
  const { data } = useQuery(countsQuery.method, countsQuery.input);
  const every = useLiveFleet(workKeys.counts, data?.machines, workEvery);
  return (
    <>
      <PageHead title="Work" />
      <div className="flex flex-col gap-6">
        <Backoffs every={every} />
        <Eligible every={every} />
        <WorkHeld every={every} />
        <LiveComponents />
        <p className="text-dim text-sm">
          {every === workEvery
            ? `Read anew every ${every / 1_000} seconds while this page is seen.`
            : `Work on machines is shown as it changes. Components are read anew every ${workEvery / 1_000} seconds while this page is seen.`}
        </p>
      </div>
    </>
  );
}
