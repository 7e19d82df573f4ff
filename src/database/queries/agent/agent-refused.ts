import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import { byteaLiteral } from "../../bytea-literal.ts";
import { agentKey, type AgentKey, type MachineId, type SessionId } from "../../ids.ts";

/** Maximum number of stored refused callers that name missing machines: in total, and per address. */
export const refusedLimits = { unknown: 500, perAddress: 50 } as const;

/** A caller that was refused, once or several times. */
export interface AgentRefusal {
  /** The machine that it named. */
  machineId: MachineId;
  publicKey: AgentKey;
  /** Its network address: only digits, letters, dots, colons and a percent sign. */
  address: string;
  /** Refusals that are not stored yet; 1 or more. */
  count: number;
  /** Seconds since the first of them. */
  ago: number;
}

/**
 * Stores refused callers, many in one statement. For an existing machine, the first caller is kept until it was not
 * seen for a quarter of an hour. For missing machines, the first callers are kept. Resolves to the stored callers, and
 * whether their machine exists; to nothing if the session is dead.
 * @throws {DatabaseError} `unavailable`
 */
export async function agentRefusedWrite(
  database: Database,
  session: { id: SessionId },
  refusals: readonly AgentRefusal[],
): Promise<{ machineId: MachineId; known: boolean }[]> {
  const list = (values: readonly (string | number)[]): string => `{${values.join(",")}}`;
  const { rows } = await sql<{ machine_id: MachineId; machine_known: boolean }>`
    WITH alive AS MATERIALIZED (
      SELECT FROM sessions WHERE session_id = ${session.id} AND session_deadline > now() FOR KEY SHARE
    ), seen AS MATERIALIZED (
      SELECT DISTINCT ON (i.machine_id) i.*, m.machine_id IS NOT NULL AS known, r.machine_id IS NOT NULL AS kept
      FROM unnest(
        ${list(refusals.map(({ machineId }) => machineId))}::uuid[],
        ${list(refusals.map(({ publicKey }) => byteaLiteral(publicKey)))}::bytea[],
        ${list(refusals.map(({ address }) => JSON.stringify(address)))}::text[],
        ${list(refusals.map(({ count }) => count))}::bigint[],
        ${list(refusals.map(({ ago }) => ago))}::float8[]
      ) AS i (machine_id, public_key, address, times, ago)
      LEFT JOIN machines m ON m.machine_id = i.machine_id
      LEFT JOIN agent_refused r ON r.machine_id = i.machine_id
      WHERE EXISTS (SELECT FROM alive)
      ORDER BY i.machine_id, i.ago DESC
    ), fresh AS MATERIALIZED (
      SELECT s.machine_id,
        row_number() OVER (ORDER BY s.ago DESC, s.machine_id)
          + (SELECT count(*) FROM agent_refused a WHERE NOT a.machine_known) AS place,
        row_number() OVER (PARTITION BY s.address ORDER BY s.ago DESC, s.machine_id)
          + (SELECT count(*) FROM agent_refused a WHERE NOT a.machine_known AND a.refused_address = s.address) AS place_of_address
      FROM seen s WHERE NOT s.known AND NOT s.kept
    )
    INSERT INTO agent_refused AS r (
      machine_id, agent_public_key, refused_address, machine_known, refused_since, refused_at, refused_count
    )
    SELECT s.machine_id, s.public_key, s.address, s.known, now() - s.ago * interval '1 second', now(), s.times
    FROM seen s LEFT JOIN fresh f ON f.machine_id = s.machine_id
    WHERE f.machine_id IS NULL OR (f.place <= ${refusedLimits.unknown} AND f.place_of_address <= ${refusedLimits.perAddress})
    ORDER BY s.machine_id
    ON CONFLICT (machine_id) DO UPDATE SET
      agent_public_key = excluded.agent_public_key, refused_address = excluded.refused_address,
      machine_known = excluded.machine_known, refused_at = excluded.refused_at,
      refused_since = CASE WHEN r.agent_public_key = excluded.agent_public_key
        THEN r.refused_since ELSE excluded.refused_since END,
      refused_count = CASE WHEN r.agent_public_key = excluded.agent_public_key
        THEN r.refused_count ELSE 0 END + excluded.refused_count
    WHERE r.agent_public_key = excluded.agent_public_key OR r.refused_at < now() - interval '15 minutes'
    RETURNING machine_id, machine_known`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map(({ machine_id: machineId, machine_known: known }) => ({ machineId, known }));
}

/** A refused caller in the operator API. */
export interface RefusedCaller {
  /** The missing machine that it named. */
  machineId: MachineId;
  publicKey: AgentKey;
  address: string;
  since: Date;
  lastAt: Date;
  count: bigint;
}

/**
 * Callers that name missing machines and were refused within the last hour, by first refusal.
 * @throws {DatabaseError} `unavailable`
 */
export async function agentRefusedList(database: Database): Promise<RefusedCaller[]> {
  const rows = await database.kysely
    .selectFrom("agent_refused as r")
    .selectAll("r")
    .where("r.refused_at", ">", sql<Date>`now() - interval '1 hour'`)
    .where(sql<boolean>`NOT EXISTS (SELECT FROM machines m WHERE m.machine_id = r.machine_id)`)
    .orderBy("r.refused_since")
    .limit(refusedLimits.unknown)
    .execute()
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    machineId: row.machine_id,
    publicKey: agentKey(row.agent_public_key),
    address: row.refused_address,
    since: row.refused_since,
    lastAt: row.refused_at,
    count: row.refused_count,
  }));
}

/** Deletes refused callers that were not seen for a day; resolves to their number. */
export async function agentRefusedForget(database: Database): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM agent_refused WHERE refused_at < now() - interval '1 day'`.execute(database.kysely);
  return Number(numAffectedRows ?? 0n);
}
