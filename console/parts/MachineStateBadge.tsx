import type { ReactElement } from "react";
import type { MachineState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { toneGrounds } from "../ui/Chip.tsx";
import { classes } from "../ui/classes.ts";
import { Icon } from "../ui/Icon.tsx";
import { machineStateLook } from "./machine-state-looks.ts";

/** A machine's state: icon, word, colour. @param overdue it has lasted longer than its deadline */
export function MachineStateBadge({
  state,
  overdue = false,
}: {
  state: MachineState;
  overdue?: boolean;
}): ReactElement {
  const { word, icon, tone } = machineStateLook(state);
  return (
    <span
      data-chip=""
      className={classes(
        "inline-flex items-center gap-1 rounded-sm px-1.5 py-0.5 text-xs font-medium whitespace-nowrap",
        toneGrounds[tone],
      )}
    >
      <Icon name={icon} size={13} />
      {word}
      {overdue ? (
        <span className="ml-1 inline-flex items-center gap-0.5 text-bad">
          <Icon name="clock" size={12} />
          overdue
        </span>
      ) : null}
    </span>
  );
}
