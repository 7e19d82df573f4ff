import type { Database } from "../../database/connect.ts";
import type { MachineId } from "../../database/ids.ts";
import { machineResolve } from "../../database/queries/machine/machine-resolve.ts";

/** A validated reference to a machine. */
export type MachineReference = { id: MachineId } | { name: string };

/**
 * Resolves a reference to the machine's id. An id is returned even if no such machine exists: a repeated command is
 * answered from its record, and history is readable, after the machine was deleted.
 * @throws {DatabaseError} `not_found` for a name that no machine has
 */
export async function machineOf(database: Database, machine: MachineReference): Promise<MachineId> {
  return "id" in machine ? machine.id : machineResolve(database, machine.name);
}

/**
 * Resolves a reference to the id of an existing machine.
 * @throws {DatabaseError} `not_found`
 */
export async function machineThere(database: Database, machine: MachineReference): Promise<MachineId> {
  return machineResolve(database, "id" in machine ? machine.id : machine.name);
}
