import { sql } from "kysely";
import type { MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";

/** What a listed machine would be known by; `machineId` is absent if it is not known yet. */
export interface TakenAsked {
  providerId: string;
  machineId?: MachineId | undefined;
  name?: string | undefined;
  smbiosUuid?: string | undefined;
  macs: readonly string[];
}

/** What of it other machines have already, each with the title of that machine. */
export interface Taken {
  name?: string;
  smbiosUuid?: string;
  macs: { mac: string; by: string }[];
  /** MACs that several machines have, so that they tell none apart. */
  shared: string[];
  /** The provider has a machine with this id already: another shepherd has just added it. */
  there: boolean;
  /** The one machine that it can be, if it is not known yet: something agrees, and nothing disagrees. */
  joins?: { machineId: MachineId; title: string; provider: string; providerId: string; free: boolean };
}

interface TakenRow {
  n: number;
  what: "name" | "uuid" | "mac" | "shared" | "there" | "joins";
  value: string;
  machine_id: MachineId;
  title: string | null;
  provider: string | null;
  provider_id: string | null;
  free: boolean;
}

/**
 * What of a batch of listed machines other machines have already, by its place in the batch. A machine may join another
 * provider's list if it was added by hand, or if no live shepherd is configured with its provider any more.
 */
export async function takenRead(tx: Tx, provider: string, asked: readonly TakenAsked[]): Promise<Taken[]> {
  const input = JSON.stringify(
    asked.map(({ machineId, providerId, name, smbiosUuid, macs }, n) => ({
      n,
      machine_id: machineId,
      id: providerId,
      name,
      uuid: smbiosUuid,
      macs,
    })),
  );
  const { rows } = await sql<TakenRow>`
    WITH input AS (
      SELECT * FROM jsonb_to_recordset(${input}::jsonb) AS t (n integer, machine_id uuid, id text, name text, uuid uuid, macs macaddr[])
    ), found AS (
      SELECT i.n, 'name' AS what, i.name AS value, m.machine_id FROM input i JOIN machines m ON m.name = i.name
      WHERE m.machine_id IS DISTINCT FROM i.machine_id
      UNION ALL
      SELECT i.n, 'uuid', i.uuid::text, u.machine_id FROM input i JOIN machine_smbios u ON u.smbios_uuid = i.uuid
      WHERE u.machine_id IS DISTINCT FROM i.machine_id
      UNION ALL
      SELECT i.n, 'mac', k.mac::text, k.machine_id
      FROM input i CROSS JOIN LATERAL unnest(i.macs) AS a (mac) JOIN machine_mac k ON k.mac = a.mac
      WHERE k.machine_id IS DISTINCT FROM i.machine_id
      UNION ALL
      SELECT i.n, 'shared', h.mac::text, NULL
      FROM input i CROSS JOIN LATERAL unnest(i.macs) AS a (mac) JOIN shared_mac h ON h.mac = a.mac
      UNION ALL
      SELECT i.n, 'there', '', p.machine_id FROM input i
      JOIN machine_provided p ON p.provider = ${provider} AND p.provider_id = i.id WHERE i.machine_id IS NULL
      UNION ALL
      SELECT j.n, 'joins', '', j.machine_id FROM (
        SELECT i.n, machine_by_identity(i.uuid, coalesce(i.macs, '{}')) AS machine_id FROM input i WHERE i.machine_id IS NULL
      ) j WHERE j.machine_id IS NOT NULL
    )
    SELECT f.n, f.what, f.value, f.machine_id, coalesce(m.name, m.machine_id::text) AS title, p.provider, p.provider_id,
      p.provider IS DISTINCT FROM ${provider} AND NOT EXISTS (
        SELECT FROM provider v WHERE v.provider = p.provider AND v.provider_type <> 'static'
          AND EXISTS (SELECT FROM session_provider s WHERE s.provider = v.provider)
      ) AS free
    FROM found f LEFT JOIN machines m ON m.machine_id = f.machine_id
    LEFT JOIN machine_provided p ON p.machine_id = f.machine_id`.execute(tx);
  const taken: Taken[] = asked.map(() => ({ macs: [], shared: [], there: false }));
  for (const row of rows) {
    const { n, what, value, machine_id: machineId, provider: its, provider_id: id, free } = row;
    const one = taken[n];
    const title = row.title ?? "";
    if (one === undefined) {
      continue;
    }
    switch (what) {
      case "name":
        one.name = title;
        break;
      case "uuid":
        one.smbiosUuid = title;
        break;
      case "mac":
        one.macs.push({ mac: value, by: title });
        break;
      case "shared":
        one.shared.push(value);
        break;
      case "there":
        one.there = true;
        break;
      case "joins":
        one.joins = { machineId, title, provider: its ?? "", providerId: id ?? "", free };
        break;
    }
  }
  return taken;
}
