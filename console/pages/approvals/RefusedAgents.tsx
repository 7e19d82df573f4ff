import type { ReactNode } from "react";
import type { RefusedCaller } from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { Age } from "../../parts/Age.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { keyDigits } from "./enrollment-commands.ts";
import { Section } from "./Section.tsx";

/** Agents whose machine is not there: they are refused, and go on calling. */
export function RefusedAgents({ callers }: { callers: readonly RefusedCaller[] }): ReactNode {
  return callers.length === 0 ? null : (
    <Section
      title="Refused agents"
      about="They name a machine that does not exist: it was deleted, or is another control plane's. Restart the machine from the network to have it ask anew."
    >
      <Table className="phone-cards" caption="Refused agents" rows={callers.length}>
        <TableHead>
          <TableHeading>Address</TableHeading>
          <TableHeading>Key</TableHeading>
          <TableHeading>Names the machine</TableHeading>
          <TableHeading>Since</TableHeading>
          <TableHeading>Last</TableHeading>
          <TableHeading number>Calls</TableHeading>
        </TableHead>
        <tbody>
          {callers.map((caller, index) => (
            <TableRow key={`${caller.key} ${caller.machineId}`} index={index}>
              <TableCell data-label="Address">
                <ForeignText text={caller.address} mono />
              </TableCell>
              <TableCell data-label="Key" className="font-mono text-xs">
                {caller.key.slice(0, keyDigits)}…
              </TableCell>
              <TableCell data-label="Names the machine" className="font-mono text-xs">
                {caller.machineId}
              </TableCell>
              <TableCell data-label="Since">
                <Age at={caller.firstRefusedAt} />
              </TableCell>
              <TableCell data-label="Last">
                <Age at={caller.lastRefusedAt} />
              </TableCell>
              <TableCell data-label="Calls" number>
                {caller.count.toString()}
              </TableCell>
            </TableRow>
          ))}
        </tbody>
      </Table>
    </Section>
  );
}
