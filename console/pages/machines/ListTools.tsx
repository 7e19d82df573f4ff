import type { ReactNode } from "react";
import type { Machine, MachineFilter } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { ColumnsMenu } from "./ColumnsMenu.tsx";
import { CopyAs } from "../../commands/CopyAs.tsx";
import { listCliRefusal, listPrepare, machinesCsv } from "./list-copy.ts";
import { MarksBar, type MarksBarProps } from "./MarksBar.tsx";
import { StateMenu } from "./StateMenu.tsx";

/** Beside the filter: states, columns, and what can be done with machines. */
export function ListTools({
  onFilter,
  shown,
  ...marks
}: MarksBarProps & {
  onFilter: (filter: MachineFilter) => void;
  /** The rows that are loaded, as they are now. */
  shown: () => readonly Machine[];
}): ReactNode {
  const { view, machines } = marks;
  return (
    <>
      <StateMenu filter={marks.view.filter} onFilter={onFilter} />
      <ColumnsMenu />
      <MarksBar {...marks} />
      <CopyAs
        byKey
        commands={() => [listPrepare(view)]}
        cliRefused={listCliRefusal(view)}
        more={[
          machines.length === 0
            ? { label: "CSV of the rows that are loaded", text: () => machinesCsv(shown()) }
            : { label: "CSV of the marked rows", text: () => machinesCsv(machines) },
        ]}
      />
    </>
  );
}
