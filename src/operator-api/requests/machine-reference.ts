import type { Database } from "../../database/connect.ts";
import type { MachineId } from "../../database/ids.ts";
import { machineResolve } from "../../database/queries/machine/machine.ts";

/** A machine as a caller names it, checked. */
export type MachineReference = { id: MachineId } | { name: string };

/**
 * The id of the machine that is meant. An id stands for itself, whether the machine is there or not: a repeated command
 * is answered from its record, and history is read, even where the machine is gone.
 * @throws {DatabaseError} `not_found` for a name that no machine has
 */
export async function machineOf(database: Database, machine: MachineReference): Promise<MachineId> {
  return "id" in machine ? machine.id : machineResolve(database, machine.name);
}

/**
 * The id of a machine that must be there.
 * @throws {DatabaseError} `not_found`
 */
export async function machineThere(database: Database, machine: MachineReference): Promise<MachineId> {
  return machineResolve(database, "id" in machine ? machine.id : machine.name);
}
