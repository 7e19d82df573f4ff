import { sql } from "kysely";
import type { MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";

/** What a list said of a machine's network before, and what it says now; undefined = nothing. */
export interface ProvidedNetwork {
  machineId: MachineId;
  before: string | undefined;
  now: string | undefined;
}

/**
 * Writes the networks that a provider's list has changed. A network that an operator has set or removed since stays as it is.
 * The caller has locked the machines.
 */
export async function providedNetworksSet(
  tx: Tx,
  provider: string,
  machines: readonly ProvidedNetwork[],
): Promise<void> {
  const changed = machines.filter(({ before, now }) => before !== now);
  if (changed.length === 0) {
    return;
  }
  const input = JSON.stringify(
    changed.map(({ machineId, before, now }) => ({ machine_id: machineId, was: before, now })),
  );
  const rows = sql`jsonb_to_recordset(${input}::jsonb) AS i (machine_id uuid, was text, now text)`;
  await sql`
    DELETE FROM machine_network n USING ${rows}
    WHERE n.machine_id = i.machine_id AND i.now IS NULL AND n.network_config = i.was`.execute(tx);
  await sql`
    UPDATE machine_network n SET network_config = i.now, set_at = now(), set_by = ${provider} FROM ${rows}
    WHERE n.machine_id = i.machine_id AND i.now IS NOT NULL AND n.network_config = i.was`.execute(tx);
  await sql`
    INSERT INTO machine_network (machine_id, network_config, set_at, set_by)
    SELECT i.machine_id, i.now, now(), ${provider} FROM ${rows} WHERE i.now IS NOT NULL AND i.was IS NULL
    ON CONFLICT (machine_id) DO NOTHING`.execute(tx);
}
