import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";

/** A machine's power as it was read. */
export type PowerWord = "on" | "off" | "powering-on" | "powering-off" | "unknown";

/** The tag `machine_power`. */
export interface PowerRecord {
  power: PowerWord;
  /** When this value was first read. */
  since: Date;
  readAt: Date;
  /** "controller", or the name of the provider. */
  readFrom: string;
}

/** Records the power that was just read. @throws {DatabaseError} `unavailable` */
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

/** The last power reading of a machine; undefined = none yet. @throws {DatabaseError} `unavailable` */
export async function powerOf(database: Database, machineId: MachineId): Promise<PowerRecord | undefined> {
  const { rows } = await sql<PowerRecord>`
    SELECT power, since, read_at AS "readAt", read_from AS "readFrom" FROM machine_power WHERE machine_id = ${machineId}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows[0];
}
