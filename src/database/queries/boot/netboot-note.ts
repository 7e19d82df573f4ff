import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { machineByIdentity, type MachineIdentity } from "../../machine-identity.ts";

/** How far a network boot came: told to start the agent, sent the whole initramfs, sent the configuration. */
export type NetbootStep = "asked" | "loaded" | "configured";

/**
 * Counts a step of a machine's boot, at most once a second. The counts start again after an hour, and after an agent
 * came. Does nothing for an identity that matches no machine.
 * @throws {DatabaseError} `unavailable`
 */
export async function netbootNote(database: Database, identity: MachineIdentity, step: NetbootStep): Promise<void> {
  const [asked, loaded, configured] = (["asked", "loaded", "configured"] as const).map((one) => (one === step ? 1 : 0));
  await sql`
    INSERT INTO machine_netboot AS n (machine_id, asked, loaded, configured)
    SELECT m.machine_id, ${asked}, ${loaded}, ${configured} FROM machines m
    WHERE m.machine_id = (SELECT ${machineByIdentity(identity)})
    ON CONFLICT (machine_id) DO UPDATE SET (since, last_at, asked, loaded, configured) = (
      SELECT CASE WHEN a.anew THEN now() ELSE n.since END, now(),
        CASE WHEN a.anew THEN 0 ELSE n.asked END + excluded.asked,
        CASE WHEN a.anew THEN 0 ELSE n.loaded END + excluded.loaded,
        CASE WHEN a.anew THEN 0 ELSE n.configured END + excluded.configured
      FROM (
        SELECT n.last_at < now() - interval '1 hour'
          OR EXISTS (SELECT FROM machine_agent_started s WHERE s.machine_id = n.machine_id AND s.agent_started_at > n.since) AS anew
      ) a
    )
    WHERE n.last_at < now() - interval '1 second' OR excluded.asked = 0`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}

/** How far a machine's network boots came since its last agent, or within the last hour. */
export interface NetbootProgress {
  since: Date;
  lastAt: Date;
  asked: number;
  loaded: number;
  configured: number;
}

/**
 * The counted steps of a machine's boots; undefined if it has not booted from the network since its last agent.
 * @throws {DatabaseError} `unavailable`
 */
export async function netbootProgress(database: Database, machineId: MachineId): Promise<NetbootProgress | undefined> {
  const { rows } = await sql<NetbootProgress>`
    SELECT n.since, n.last_at AS "lastAt", n.asked, n.loaded, n.configured FROM machine_netboot n
    WHERE n.machine_id = ${machineId} AND NOT EXISTS (
      SELECT FROM machine_agent_started s WHERE s.machine_id = n.machine_id AND s.agent_started_at > n.since
    )`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows[0];
}
