import { useQuery } from "@connectrpc/connect-query";
import type { ReactElement } from "react";
import { Link } from "react-router";
import { useRefreshOnChange } from "../../live/use-refresh-on-change.ts";
import { Age } from "../../parts/Age.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { ProgressBar } from "../../parts/ProgressBar.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { paths } from "../../paths.ts";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { countEvery, runningKey, runningQuery } from "./queries.ts";
import { runningOrder } from "./running-order.ts";

/** Rows that are shown. */
const most = 8;

/** The installations that run now, the slowest and the fastest. */
export function RunningNow({ pending }: { pending: bigint }): ReactElement {
  const { data, error, refetch } = useQuery(runningQuery.method, runningQuery.input, { refetchInterval: countEvery });
  useRefreshOnChange(runningKey);
  const rows = runningOrder(data?.installations ?? [], most);
  return (
    <section aria-labelledby="running" className="flex flex-col gap-2">
      <h2 id="running">
        Runs now{pending === 0n ? "" : ": "}
        {pending === 0n ? null : (
          <Link to={paths.installations(["pending"])} className="hover:underline">
            {pending.toLocaleString("en")} {pending === 1n ? "installation" : "installations"}
          </Link>
        )}
      </h2>
      {error === null ? null : (
        <RpcError title="What runs can't be listed" error={error} onRetry={() => void refetch()} />
      )}
      {rows.length === 0 ? (
        <p className="text-dim">No installation is requested or running.</p>
      ) : (
        <Table caption="Installations that run now" rows={pending === 0n ? rows.length : Number(pending)}>
          <TableHead>
            <TableHeading>Machine</TableHeading>
            <TableHeading>Progress</TableHeading>
            <TableHeading>Requested</TableHeading>
            <TableHeading>
              <span className="unseen">Among all</span>
            </TableHeading>
          </TableHead>
          <tbody>
            {rows.map(({ entry, mark }, index) => (
              <TableRow key={entry.machineId} index={index}>
                <TableCell>
                  <Link
                    to={paths.machine(entry.machineId, "installation")}
                    className="text-accent font-medium hover:underline"
                  >
                    <ForeignText text={entry.machineName === "" ? entry.machineId : entry.machineName} />
                  </Link>
                </TableCell>
                <TableCell className="min-w-40">
                  {entry.installation === undefined ? null : <ProgressBar installation={entry.installation} />}
                </TableCell>
                <TableCell>
                  <Age at={entry.installation?.requestedAt} />
                </TableCell>
                <TableCell className="text-dim">{mark}</TableCell>
              </TableRow>
            ))}
          </tbody>
        </Table>
      )}
    </section>
  );
}
