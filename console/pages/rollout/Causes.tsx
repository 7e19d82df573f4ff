import type { ReactElement } from "react";
import type { RolloutCause, RolloutMachine } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { LookBadge } from "../../parts/LookBadge.tsx";
import { MachineLink } from "../../parts/MachineLink.tsx";
import { rolloutMachineLook } from "../../parts/rollout-looks.ts";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { refusalGroups } from "./refusal-groups.ts";

/** What {@link Causes} take. */
export interface CausesProps {
  causes: readonly RolloutCause[];
  /** Those that were read. */
  machines: readonly RolloutMachine[];
  /** All of the rollout's machines were read. */
  complete: boolean;
}

/** Why machines failed, were left out, or are refused by the plan: the same cause of many machines is one row. */
export function Causes({ causes, machines, complete }: CausesProps): ReactElement | null {
  const rows = [
    ...causes.map((cause) => ({ ...cause, look: rolloutMachineLook({ state: cause.state, refused: "" }) })),
    ...refusalGroups(machines),
  ];
  if (rows.length === 0) {
    return null;
  }
  return (
    <section aria-labelledby="causes" className="flex flex-col gap-2">
      <h2 id="causes">What went wrong</h2>
      <Table caption="Causes, the same cause of many machines as one" rows={rows.length} className="phone-cards">
        <TableHead>
          <TableHeading>State</TableHeading>
          <TableHeading number>Machines</TableHeading>
          <TableHeading>Cause</TableHeading>
          <TableHeading>Such as</TableHeading>
          <TableHeading>What it said</TableHeading>
        </TableHead>
        <tbody>
          {rows.map(({ look, cause, machines: count, machineId, machineName, error }, index) => (
            <TableRow key={`${look.word} ${cause} ${error}`} index={index}>
              <TableCell>
                <LookBadge look={look} />
              </TableCell>
              <TableCell label="Machines" number>
                {count.toLocaleString("en")}
              </TableCell>
              <TableCell label="Cause">
                <ForeignText text={cause} />
              </TableCell>
              <TableCell label="Such as">
                <MachineLink id={machineId} name={machineName} />
              </TableCell>
              <TableCell label="It said" className="max-w-xl">
                <ForeignText text={error} lines className="line-clamp-4" />
              </TableCell>
            </TableRow>
          ))}
        </tbody>
      </Table>
      {complete ? null : (
        <p className="text-dim text-sm">Refusals are counted among the {machines.length} machines that were read.</p>
      )}
    </section>
  );
}
