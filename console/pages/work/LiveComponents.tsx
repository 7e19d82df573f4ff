import { useQuery } from "@connectrpc/connect-query";
import type { ReactElement } from "react";
import { Age } from "../../parts/Age.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { workEvery, sessionsQuery } from "./queries.ts";

/** The live components, with their deadlines and what they hold. */
export function LiveComponents(): ReactElement {
  const { data, error, refetch } = useQuery(sessionsQuery.method, sessionsQuery.input, { refetchInterval: workEvery });
  const sessions = data?.sessions ?? [];
  return (
    <section aria-labelledby="sessions" className="flex flex-col gap-2">
      <h2 id="sessions">Components that are alive</h2>
      {error === null ? null : (
        <RpcError title="The components can't be listed" error={error} onRetry={() => void refetch()} />
      )}
      <Table caption="Components that are alive" rows={sessions.length}>
        <TableHead>
          <TableHeading>Component</TableHeading>
          <TableHeading>Host and process</TableHeading>
          <TableHeading>Since</TableHeading>
          <TableHeading>Deadline</TableHeading>
          <TableHeading number>Machines</TableHeading>
        </TableHead>
        <tbody>
          {sessions.map((session, index) => (
            <TableRow key={session.id} index={index}>
              <TableCell className="font-medium">{session.component}</TableCell>
              <TableCell>
                <ForeignText text={session.runtimeInfo} mono />
              </TableCell>
              <TableCell>
                <Age at={session.createdAt} />
              </TableCell>
              <TableCell>
                {session.expired ? (
                  <Chip tone="bad">past it: its work is given to others soon</Chip>
                ) : (
                  <Age at={session.deadline} />
                )}
              </TableCell>
              <TableCell number>{session.work.toLocaleString("en")}</TableCell>
            </TableRow>
          ))}
        </tbody>
      </Table>
    </section>
  );
}
