import { useQuery } from "@connectrpc/connect-query";
import type { ReactElement } from "react";
import type { Controller } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { Age } from "../../parts/Age.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { MachineLink } from "../../parts/MachineLink.tsx";
import { controllersQuery, providersEvery, pageSize } from "./queries.ts";

/** Machines' management controllers: what they are, what is odd about them, and whether they answer. */
export function ControllersTable(): ReactElement {
  const { data, error, refetch } = useQuery(controllersQuery.method, controllersQuery.input, {
    refetchInterval: providersEvery,
  });
  const controllers = data?.controllers ?? [];
  const more = data !== undefined && data.nextPageToken !== "";
  return (
    <section aria-labelledby="controllers" className="flex flex-col gap-2">
      <h2 id="controllers">Management controllers{more ? `: the first ${pageSize.toLocaleString("en")}` : ""}</h2>
      {error === null ? null : (
        <RpcError title="The controllers can't be listed" error={error} onRetry={() => void refetch()} />
      )}
      {data !== undefined && controllers.length === 0 ? (
        <p className="text-dim">No machine has one yet: farrier bmc add --help says how to add one.</p>
      ) : (
        <Table caption="Management controllers" rows={more ? "unknown" : controllers.length}>
          <TableHead>
            <TableHeading>Machine</TableHeading>
            <TableHeading>Answers</TableHeading>
            <TableHeading>Make and firmware</TableHeading>
            <TableHeading>Address</TableHeading>
            <TableHeading>Credential</TableHeading>
            <TableHeading>Power</TableHeading>
            <TableHeading>Quirks</TableHeading>
          </TableHead>
          <tbody>
            {controllers.map((controller, index) => (
              <TableRow key={controller.machineId} index={index}>
                <TableCell>
                  <MachineLink id={controller.machineId} name={controller.machineName} />
                </TableCell>
                <TableCell>
                  <Answers controller={controller} />
                </TableCell>
                <TableCell>
                  <ForeignText
                    text={[controller.maker, controller.model, controller.firmware]
                      .filter((text) => text !== "")
                      .join(" ")}
                  />
                </TableCell>
                <TableCell>
                  <ForeignText text={controller.url} mono />
                </TableCell>
                <TableCell>
                  <ForeignText text={controller.credential} />
                  {controller.mayControl ? null : (
                    <>
                      {" "}
                      <Chip tone="warn">may only look</Chip>
                    </>
                  )}
                </TableCell>
                <TableCell>{controller.power?.power ?? "–"}</TableCell>
                <TableCell>{controller.rules.length === 0 ? "–" : controller.rules.join(", ")}</TableCell>
              </TableRow>
            ))}
          </tbody>
        </Table>
      )}
    </section>
  );
}

function Answers({ controller: { failure, contactAt } }: { controller: Controller }): ReactElement {
  return failure === undefined ? (
    <Age at={contactAt} none="not asked yet" />
  ) : (
    <span className="flex flex-col gap-1">
      <span>
        <Chip tone="bad">{failure.code}</Chip> <Age at={failure.at} />
      </span>
      <ForeignText text={failure.cause} lines className="line-clamp-3 max-w-sm" />
    </span>
  );
}
