import type { MachineRecord } from "../../database/queries/views/machine-record.ts";

/** By what an agent can be started on the machine; undefined if by nothing. Pure. */
export function switchedBy({
  ssh,
  controller,
  providing,
}: MachineRecord): "ssh" | "controller" | "provider" | undefined {
  if (ssh !== undefined) {
    return "ssh";
  }
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
