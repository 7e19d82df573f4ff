import type { ReactElement } from "react";
import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { ForeignText } from "../parts/ForeignText.tsx";
import { MachineStateBadge } from "../parts/MachineStateBadge.tsx";
import { machineNameOrId } from "./command.ts";
import { machinesAtATime } from "./run-many.ts";

/** A machine that a command is refused for. */
export interface RefusedMachine {
  machine: Machine;
  reason: string;
}

/** What a {@link MachinesPreview} takes. */
export interface MachinesPreviewProps {
  machines: readonly Machine[];
  refused: readonly RefusedMachine[];
  /** The filter matches more than can be chosen. */
  more: boolean;
}

/** Refused machines that are listed; of more, the number. */
const listed = 20;

/** Before a command for many machines: how many by state, which are refused and why, how many at a time. */
export function MachinesPreview({ machines, refused, more }: MachinesPreviewProps): ReactElement {
  const states = [...Map.groupBy(machines, ({ standing }) => standing?.state ?? 0)];
  const going = machines.length - refused.length;
  return (
    <section aria-label="Machines" className="flex flex-col gap-2 rounded-md border border-line p-2 text-sm">
      <p>
        <strong>{going.toLocaleString("en")}</strong> of {machines.length.toLocaleString("en")} machines,{" "}
        {machinesAtATime} at a time. This page carries it out: it must stay open until the end.
        {more ? " The filter matches more machines than can be chosen at a time: the rest is left out." : ""}
      </p>
      <ul aria-label="By state" className="flex flex-wrap gap-2">
        {states.map(([state, those]) => (
          <li key={state} className="flex items-center gap-1">
            <MachineStateBadge state={state} /> {those.length.toLocaleString("en")}
          </li>
        ))}
      </ul>
      {refused.length === 0 ? null : (
        <details>
          <summary className="text-warn">
            {refused.length.toLocaleString("en")} {refused.length === 1 ? "is" : "are"} left out
          </summary>
          <ul className="pl-4">
            {refused.slice(0, listed).map(({ machine, reason }) => (
              <li key={machine.id}>
                <ForeignText text={machineNameOrId(machine)} />: <ForeignText text={reason} />
              </li>
            ))}
            {refused.length > listed ? <li>and {refused.length - listed} more</li> : null}
          </ul>
        </details>
      )}
    </section>
  );
}
