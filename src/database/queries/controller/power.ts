import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";

/** Whether a machine has power, as it was read. */
export type PowerWord = "on" | "off" | "powering-on" | "powering-off" | "unknown";

/** The tag. */
export interface PowerRecord {
  power: PowerWord;
  /** Since when it has been read so. */
  since: Date;
  readAt: Date;
  /** "controller", or the provider's name. */
  readFrom: string;
}

/**
 * Notes a machine's power as it was just read.
 * @throws {DatabaseError} `unavailable`
 */
export async function powerNote(
  source: Database["kysely"] | Tx,
  machineId: MachineId,
  { power, readFrom }: { power: PowerWord; readFrom: string },
): Promise<void> {
  await sql`
    INSERT INTO machine_power AS p (machine_id, power, read_from)
    SELECT machine_id, ${power}, ${readFrom} FROM machines WHERE machine_id = ${machineId}
    ON CONFLICT (machine_id) DO UPDATE SET power = excluded.power, read_from = excluded.read_from, read_at = now(),
      since = CASE WHEN p.power = excluded.power THEN p.since ELSE now() END`
    .execute(source)
    .catch((error: unknown) => Promise.reject(translate(error)));
}

/**
 * A machine's power as it was last read; undefined = it never was.
 * @throws {DatabaseError} `unavailable`
 */
export async function powerOf(database: Database, machineId: MachineId): Promise<PowerRecord | undefined> {
  const { rows } = await sql<PowerRecord>`
    SELECT power, since, read_at AS "readAt", read_from AS "readFrom" FROM machine_power WHERE machine_id = ${machineId}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows[0];
}
