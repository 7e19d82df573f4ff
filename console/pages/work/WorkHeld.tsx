import { useQuery } from "@connectrpc/connect-query";
import type { ReactElement } from "react";
import { Age } from "../../parts/Age.tsx";
import { useRefreshOnChange } from "../../live/use-refresh-on-change.ts";
import { RpcError } from "../../parts/RpcError.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { MachineLink } from "../../parts/MachineLink.tsx";
import { lookedAt, workQuery, workKeys, type WorkPartProps } from "./queries.ts";

/** Which component works on which machine. */
export function WorkHeld({ every }: WorkPartProps): ReactElement {
  const { data, error, refetch } = useQuery(workQuery.method, workQuery.input, { refetchInterval: every });
  useRefreshOnChange(workKeys.work);
  const work = data?.work ?? [];
  const more = data !== undefined && data.nextPageToken !== "";
  return (
    <section aria-labelledby="held" className="flex flex-col gap-2">
      <h2 id="held">Work on machines{more ? `: the first ${lookedAt.toLocaleString("en")}` : ""}</h2>
      {error === null ? null : (
        <RpcError title="The work can't be listed" error={error} onRetry={() => void refetch()} />
      )}
      {data !== undefined && work.length === 0 ? (
        <p className="text-dim">No component works on a machine now.</p>
      ) : (
        <Table caption="Work on machines" rows={more ? "unknown" : work.length}>
          <TableHead>
            <TableHeading>Machine</TableHeading>
            <TableHeading>Process</TableHeading>
            <TableHeading>Component</TableHeading>
            <TableHeading>Since</TableHeading>
          </TableHead>
          <tbody>
            {work.map((one, index) => (
              <TableRow key={`${one.machineId} ${one.process}`} index={index}>
                <TableCell>
                  <MachineLink id={one.machineId} name={one.machineName} />
                </TableCell>
                <TableCell>{one.process}</TableCell>
                <TableCell>{one.component}</TableCell>
                <TableCell>
                  <Age at={one.startedAt} />
                </TableCell>
              </TableRow>
            ))}
          </tbody>
        </Table>
      )}
    </section>
  );
}
