import { createQueryOptions } from "@connectrpc/connect-query";
import type { ReactNode } from "react";
import { queryClient } from "../../api/query-client.ts";
import { transport } from "../../api/transport.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { Backoffs } from "./Backoffs.tsx";
import { Eligible } from "./Eligible.tsx";
import { LiveComponents } from "./LiveComponents.tsx";
import { WorkHeld } from "./WorkHeld.tsx";
import { backoffsQuery, countsQuery, sessionsQuery, workQuery } from "./queries.ts";

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
  return (
    <>
      <PageHead title="Work" />
      <div className="flex flex-col gap-6">
        <Backoffs />
        <Eligible />
        <WorkHeld />
        <LiveComponents />
      </div>
    </>
  );
}
