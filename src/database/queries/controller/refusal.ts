import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";

/** How long a refused login is not tried again, in seconds. It doubles with each refusal. */
export interface RefusalPace {
  first: number;
  most: number;
}

/** A login that the machine's controller refused. */
export interface LoginRefusal {
  /** SHA-256 of what was tried. */
  tried: Uint8Array;
  /** Seconds until it may be tried again, by the database's clock; 0 or less = now. */
  secondsLeft: number;
}

/**
 * Records that a controller refused a login: no shepherd tries that login before its time.
 * @param tried SHA-256 of the address, the trust and the credential's revision
 * @throws {DatabaseError} `unavailable`
 */
export async function loginRefused(
  database: Database,
  machineId: MachineId,
  tried: Uint8Array,
  { first, most }: RefusalPace,
): Promise<void> {
  await sql`
    INSERT INTO machine_controller_refusal AS r (machine_id, tried, times, not_before)
    SELECT machine_id, ${tried}, 1, now() + make_interval(secs => ${first}) FROM machine_controller
    WHERE machine_id = ${machineId}
    ON CONFLICT (machine_id) DO UPDATE SET tried = excluded.tried, refused_at = now(),
      times = CASE WHEN r.tried = excluded.tried THEN r.times + 1 ELSE 1 END,
      not_before = now() + make_interval(secs => CASE
        WHEN r.tried = excluded.tried THEN least(${most}, ${first} * 2 ^ least(r.times, 20)) ELSE ${first} END)`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}

/** Forgets a refused login, because the controller has let us in. @throws {DatabaseError} `unavailable` */
export async function loginAccepted(database: Database, machineId: MachineId): Promise<void> {
  await sql`DELETE FROM machine_controller_refusal WHERE machine_id = ${machineId}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}
