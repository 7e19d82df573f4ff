import type { ReactElement } from "react";
import type { MachineState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { Icon } from "../ui/Icon.tsx";
import { LookBadge } from "./LookBadge.tsx";
import { machineStateLook } from "./machine-state-looks.ts";

/** A machine's state: icon, word, colour. @param overdue it has lasted longer than its deadline */
export function MachineStateBadge({
  state,
  overdue = false,
}: {
  state: MachineState;
  overdue?: boolean;
}): ReactElement {
  return (
    <LookBadge look={machineStateLook(state)}>
      {overdue ? (
        <span className="ml-1 inline-flex items-center gap-0.5 text-bad">
          <Icon name="clock" size={12} />
          overdue
        </span>
      ) : null}
    </LookBadge>
  );
}
