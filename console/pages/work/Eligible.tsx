import { useQuery } from "@connectrpc/connect-query";
import type { ReactElement } from "react";
import { RpcError } from "../../parts/RpcError.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { countsQuery, type WorkPartProps } from "./queries.ts";

/** Machines that a process may take now, and that none has taken. */
export function Eligible({ every }: WorkPartProps): ReactElement {
  const { data, error, refetch } = useQuery(countsQuery.method, countsQuery.input, { refetchInterval: every });
  const eligible = (data?.eligible ?? []).filter(({ machines }) => machines > 0n);
  const shepherds = data?.sessions["shepherd"] ?? 0n;
  return (
    <section aria-labelledby="eligible" className="flex flex-col gap-2">
      <h2 id="eligible">May be taken, and nobody has taken it</h2>
      {error === null ? null : (
        <RpcError title="What may be taken can't be counted" error={error} onRetry={() => void refetch()} />
      )}
      {data !== undefined && shepherds === 0n ? (
        <p>
          <Chip tone="bad">no shepherd is running</Chip> Machines that need an agent wait until one is: farrier shepherd
        </p>
      ) : null}
      {data !== undefined && eligible.length === 0 ? (
        <p className="text-dim">No machine waits to be taken.</p>
      ) : (
        <Table caption="Machines that may be taken" rows={eligible.length}>
          <TableHead>
            <TableHeading>Process</TableHeading>
            <TableHeading>Provider</TableHeading>
            <TableHeading number>Machines</TableHeading>
          </TableHead>
          <tbody>
            {eligible.map(({ process, provider, machines }, index) => (
              <TableRow key={`${process} ${provider}`} index={index}>
                <TableCell>{process}</TableCell>
                <TableCell>{provider}</TableCell>
                <TableCell number>{machines.toLocaleString("en")}</TableCell>
              </TableRow>
            ))}
          </tbody>
        </Table>
      )}
    </section>
  );
}
