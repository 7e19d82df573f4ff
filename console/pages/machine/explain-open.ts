// Whether the explanation is open: chosen by the person for this page, or by the machine's state.
import { useSyncExternalStore } from "react";
import { MachineState } from "../../../gen/farrier/operator/v1/machine_pb.ts";

let chosen: boolean | undefined;
const listeners = new Set<() => void>();

/** Whether the explanation of a machine in this state is open. */
export function useExplainOpen(state: MachineState | undefined): boolean {
  const value = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => chosen,
  );
  return value ?? opensByItself(state);
}

/** Opens or closes it, until another page is opened. @param state of the machine that is shown */
export function explainToggle(state: MachineState | undefined): void {
  explainChoose(!(chosen ?? opensByItself(state)));
}

/** Chooses, or leaves it to the state by undefined. */
export function explainChoose(open: boolean | undefined): void {
  chosen = open;
  listeners.forEach((listener) => listener());
}

/** A machine that is where it should be needs no explanation. Pure. */
export function opensByItself(state: MachineState | undefined): boolean {
  return state !== MachineState.INSTALLED && state !== MachineState.READY;
}
