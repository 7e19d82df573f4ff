import type { ReactElement } from "react";
import { Link } from "react-router";
import type { FleetGroup } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { machineStateLook, machineStateOrder } from "../../parts/machine-state-looks.ts";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { groupName, groupPath } from "./group-words.ts";
import type { MapChoice } from "./map-choice.ts";

/** The map as a table: a row a group, a column for each state that a machine of them has. */
export function GroupTable({
  groups,
  choice,
  more,
}: {
  groups: readonly FleetGroup[];
  choice: MapChoice;
  more: boolean;
}): ReactElement {
  const states = machineStateOrder
    .map((state) => machineStateLook(state).word)
    .filter((word) => groups.some((group) => (group.states[word] ?? 0n) > 0n));
  return (
    <Table caption="Machines by group and state" rows={more ? "unknown" : groups.length}>
      <TableHead>
        <TableHeading>{choice.by === "label" ? choice.label : choice.by}</TableHeading>
        <TableHeading number>machines</TableHeading>
        {states.map((word) => (
          <TableHeading key={word} number>
            {word}
          </TableHeading>
        ))}
      </TableHead>
      <tbody>
        {groups.map((group, index) => {
          const to = groupPath(group, choice);
          const name = <ForeignText text={groupName(group, choice)} />;
          return (
            <TableRow key={group.none ? "" : `=${group.value}`} index={index}>
              <TableCell>
                {to === undefined ? (
                  name
                ) : (
                  <Link to={to} className="text-accent hover:underline">
                    {name}
                  </Link>
                )}
              </TableCell>
              <TableCell number>{group.machines.toLocaleString("en")}</TableCell>
              {states.map((word) => (
                <TableCell key={word} number>
                  {(group.states[word] ?? 0n).toLocaleString("en")}
                </TableCell>
              ))}
            </TableRow>
          );
        })}
      </tbody>
    </Table>
  );
}
