import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { present } from "../../../lib/defined.ts";

/** A machine in quarantine because two keys claimed it. */
export interface SecondClaimant {
  machineId: MachineId;
  name?: string;
  at: Date;
  /** The beginning of the key that was let in, in hex, and its address if history has it. */
  enrolledKey: string;
  enrolledAddress?: string;
  /** The same of the key that claimed the machine besides. */
  otherKey: string;
  otherAddress?: string;
}

/** The machines that a second claimant put in quarantine, the newest first; at most 500. @throws {DatabaseError} `unavailable` */
export async function secondClaimants(database: Database): Promise<SecondClaimant[]> {
  const { rows } = await sql<{
    machine_id: MachineId;
    name: string | null;
    at: Date;
    enrolled_key: string;
    enrolled_address: string | null;
    other_key: string;
    other_address: string | null;
  }>`
    SELECT z.machine_id, m.name, h.at, h.detail ->> 'enrolled' AS enrolled_key, e.address AS enrolled_address,
      h.detail ->> 'key' AS other_key, h.detail ->> 'address' AS other_address
    FROM machine_quarantine z JOIN machines m USING (machine_id)
    CROSS JOIN LATERAL (
      SELECT y.at, y.detail FROM history y
      WHERE y.machine_id = z.machine_id AND y.event = 'second_claimant' AND y.at <= z.quarantined_at
      ORDER BY y.at DESC LIMIT 1
    ) h
    LEFT JOIN LATERAL (
      SELECT y.detail ->> 'address' AS address FROM history y
      WHERE y.machine_id = z.machine_id AND y.event = 'agent_enrolled' AND y.at <= h.at
        AND y.detail ->> 'key' = h.detail ->> 'enrolled'
      ORDER BY y.at DESC LIMIT 1
    ) e ON true
    WHERE starts_with(z.reason, 'a second claimant:')
    ORDER BY z.quarantined_at DESC, z.machine_id LIMIT 500`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    machineId: row.machine_id,
    ...present({ name: row.name, enrolledAddress: row.enrolled_address, otherAddress: row.other_address }),
    at: row.at,
    enrolledKey: row.enrolled_key,
    otherKey: row.other_key,
  }));
}
