import type { ReactNode } from "react";
import type { MachineFilter } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { ColumnsMenu } from "./ColumnsMenu.tsx";
import { MarksBar, type MarksBarProps } from "./MarksBar.tsx";
import { StateMenu } from "./StateMenu.tsx";

/** Beside the filter: states, columns, and what can be done with machines. */
export function ListTools({
  onFilter,
  ...marks
}: MarksBarProps & { onFilter: (filter: MachineFilter) => void }): ReactNode {
  return (
    <>
      <StateMenu filter={marks.view.filter} onFilter={onFilter} />
      <ColumnsMenu />
      <MarksBar {...marks} />
    </>
  );
}
