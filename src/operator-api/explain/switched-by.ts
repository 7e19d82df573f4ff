import type { MachineRecord } from "../../database/queries/views/machine-record.ts";

/** What can switch the machine to start an agent on it; undefined if nothing can. Pure. */
export function switchedBy({ controller, providing }: MachineRecord): "controller" | "provider" | undefined {
  if (controller !== undefined) {
    return "controller";
  }
  return providing?.power === true ? "provider" : undefined;
}

/**
 * Whether the machine was found running and nobody has allowed Farrier to stop what runs on it: it is left as it is,
 * also while it is off. Pure.
 */
export function isLeftRunning({ leftRunning }: MachineRecord): boolean {
  return leftRunning === true;
}
