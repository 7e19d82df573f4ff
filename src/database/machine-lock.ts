import type { MachineId } from "./ids.ts";
import type { Tx } from "./transaction.ts";

/** Locks a machine for the rest of the transaction, as every decision about it requires. False if it does not exist. */
export async function machineLock(tx: Tx, machineId: MachineId): Promise<boolean> {
  const row = await tx
    .selectFrom("machines")
    .select("machine_id")
    .where("machine_id", "=", machineId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row !== undefined;
}
