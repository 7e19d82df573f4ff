import { createQueryOptions } from "@connectrpc/connect-query";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { queryClient } from "../../api/query-client.ts";
import { transport } from "../../api/transport.ts";
import { paths } from "../../paths.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { ControllersTable } from "./ControllersTable.tsx";
import { Providers } from "./Providers.tsx";
import { controllersQuery, providersQuery } from "./queries.ts";

/** Reads providers and controllers before the page is drawn. */
export async function loader(): Promise<null> {
  await Promise.all([
    queryClient.ensureQueryData(createQueryOptions(providersQuery.method, providersQuery.input, { transport })),
    queryClient.ensureQueryData(createQueryOptions(controllersQuery.method, controllersQuery.input, { transport })),
  ]);
  return null;
}

/** The page "Providers": where machines come from, what switches them, and what opens that. */
export default function ProvidersPage(): ReactNode {
  return (
    <>
      <PageHead title="Providers" />
      <div className="flex flex-col gap-6">
        <Providers />
        <ControllersTable />
        <p className="text-dim">
          What opens controllers and machines, with its age:{" "}
          <Link to={paths.access()} className="text-accent underline">
            credentials, on the page Access
          </Link>
        </p>
      </div>
    </>
  );
}
