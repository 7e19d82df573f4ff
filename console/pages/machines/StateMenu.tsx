import type { ReactNode } from "react";
import { create } from "@bufbuild/protobuf";
import { MachineFilterSchema, type MachineFilter } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { machineStateLook, machineStateOrder } from "../../parts/machine-state-looks.ts";
import { Button } from "../../ui/Button.tsx";
import { Menu } from "../../ui/Menu.tsx";

/** Adds states to a filter, and takes them away. */
export function StateMenu({
  filter,
  onFilter,
}: {
  filter: MachineFilter;
  onFilter: (filter: MachineFilter) => void;
}): ReactNode {
  const change = (next: Partial<MachineFilter>): void => onFilter(create(MachineFilterSchema, { ...filter, ...next }));
  return (
    <Menu
      trigger={<Button icon="down">State</Button>}
      entries={[
        ...machineStateOrder.map((state) => {
          const { word, icon } = machineStateLook(state);
          const on = filter.states.includes(state);
          return {
            label: on ? `${word} (remove)` : word,
            icon,
            onChoose: () =>
              change({ states: on ? filter.states.filter((one) => one !== state) : [...filter.states, state] }),
          };
        }),
        {
          label: filter.deadlineMissed ? "overdue (remove)" : "overdue",
          icon: "clock" as const,
          apart: true,
          onChoose: () => change({ deadlineMissed: !filter.deadlineMissed }),
        },
      ]}
    />
  );
}
