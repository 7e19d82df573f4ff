// What the open page offers to the palette.
import { useEffect, useSyncExternalStore } from "react";

/** A command of what is open. */
export interface PaletteCommand {
  /** "Quarantine web1". */
  title: string;
  /** Why it can't be given now. */
  refused?: string | undefined;
  run: () => void;
}

let offered: readonly PaletteCommand[] = [];
const listeners = new Set<() => void>();

/** Offers commands while a page is shown. Keep the list in a memo. */
export function usePaletteCommands(commands: readonly PaletteCommand[]): void {
  useEffect(() => {
    offeredSet(commands);
    return () => offeredSet([]);
  }, [commands]);
}

/** What is offered now. */
export function useOfferedCommands(): readonly PaletteCommand[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => offered,
  );
}

function offeredSet(commands: readonly PaletteCommand[]): void {
  offered = commands;
  listeners.forEach((listener) => listener());
}
