// Which command's dialog is open: any page opens one, and the layout's host shows it.
import { useSyncExternalStore } from "react";
import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { randomId } from "../api/random-id.ts";
import type { CommandName } from "./command-names.ts";
import type { FilterSelection } from "./selection.ts";

/** What a command is given for: machines that are known, or all that match a filter. */
export type Selection = { kind: "machines"; machines: readonly Machine[] } | FilterSelection;

/** A dialog that is open. */
export interface OpenCommand {
  command: CommandName;
  selection: Selection;
  /** Made when the dialog opens and kept over all tries. */
  requestId: string;
}

let open: OpenCommand | undefined;
let unsaved = false;
const listeners = new Set<() => void>();

/** Opens the dialog of a command; what was open before is closed. */
export function commandOpen(command: CommandName, selection: Selection): void {
  openSet({ command, selection, requestId: randomId() });
}

/** Closes the dialog. */
export function commandClose(): void {
  openSet(undefined);
}

/** Notes whether something typed would be lost by closing the dialog. */
export function commandUnsavedSet(value: boolean): void {
  unsaved = value;
}

/** Whether something typed would be lost by closing the dialog. */
export function isCommandUnsaved(): boolean {
  return unsaved;
}

/** The open dialog. */
export function useOpenCommand(): OpenCommand | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => open,
  );
}

function openSet(next: OpenCommand | undefined): void {
  open = next;
  unsaved = false;
  listeners.forEach((listener) => listener());
}
