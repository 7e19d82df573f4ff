import { sql } from "kysely";
import type { Generation, MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";

/** Records that this generation may write to the disk: until a success follows, the disk is incomplete. */
export async function diskBegun(tx: Tx, machineId: MachineId, generation: Generation): Promise<void> {
  await sql`
    INSERT INTO machine_disk_begun AS d (machine_id, generation) VALUES (${machineId}, ${generation})
    ON CONFLICT (machine_id) DO UPDATE SET generation = excluded.generation, begun_at = now()
    WHERE d.generation <> excluded.generation`.execute(tx);
}
