import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { present } from "../../../lib/defined.ts";
import type { WantedController } from "./controller-wanted.ts";

/** What a provider lists of a machine. */
export interface ProvidedFacts {
  providerId: string;
  name?: string | undefined;
  serial?: string | undefined;
  smbiosUuid?: string | undefined;
  macs: readonly string[];
  address?: string | undefined;
  location?: string | undefined;
  status?: string | undefined;
  labels?: Readonly<Record<string, string>> | undefined;
  controller?: WantedController | undefined;
  /** Its network, as netplan's YAML. */
  network?: string | undefined;
}

/** The part of it that is kept as it was listed, because the machine's own may differ. */
export type Listed = Pick<
  ProvidedFacts,
  "name" | "serial" | "smbiosUuid" | "macs" | "labels" | "controller" | "network"
>;

/** A machine of a provider, with what was last listed of it. */
export interface ProvidedKnown extends ProvidedFacts {
  machineId: MachineId;
  /** The last list did not have the machine. */
  vanished: boolean;
  /** The machine's own name, and what it is known by. */
  own: { name?: string; smbiosUuid?: string; macs: readonly string[] };
}

interface Row {
  machine_id: MachineId;
  provider_id: string;
  name: string | null;
  smbios_uuid: string | null;
  macs: string[] | null;
  listed: Listed | null;
  provider_address: string | null;
  provider_location: string | null;
  provider_status: string | null;
  vanished: boolean;
}

/**
 * All known machines of a provider.
 * @throws {DatabaseError} `unavailable`
 */
export async function providedList(database: Database, provider: string): Promise<ProvidedKnown[]> {
  const { rows } = await sql<Row>`
    SELECT p.machine_id, p.provider_id, m.name, u.smbios_uuid, k.macs, p.listed, p.provider_address,
      p.provider_location, p.provider_status, p.vanished_at IS NOT NULL AS vanished
    FROM machine_provided p
    JOIN machines m ON m.machine_id = p.machine_id
    LEFT JOIN machine_smbios u ON u.machine_id = p.machine_id
    LEFT JOIN LATERAL (
      SELECT array_agg(k.mac::text ORDER BY k.mac) AS macs FROM machine_mac k WHERE k.machine_id = p.machine_id
    ) k ON true
    WHERE p.provider = ${provider}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => {
    const own = { ...present({ name: row.name, smbiosUuid: row.smbios_uuid }), macs: row.macs ?? [] };
    const { name: _name, ...identity } = own;
    return {
      machineId: row.machine_id,
      providerId: row.provider_id,
      // A version before this one kept nothing of it: what the machine is known by was what was listed.
      ...(row.listed ?? identity),
      ...present({
        address: row.provider_address,
        location: row.provider_location,
        status: row.provider_status,
      }),
      vanished: row.vanished,
      own,
    };
  });
}

/**
 * The provider of a machine and its id there; undefined if the machine has no provider.
 * @throws {DatabaseError} `unavailable`
 */
export async function providedBy(
  database: Database,
  machineId: MachineId,
): Promise<{ provider: string; providerId: string } | undefined> {
  return database.kysely
    .selectFrom("machine_provided")
    .select(["provider", "provider_id as providerId"])
    .where("machine_id", "=", machineId)
    .executeTakeFirst()
    .catch((error: unknown) => Promise.reject(translate(error)));
}

/** What is stored of a list's entry as it was listed. */
export function listedOf({ name, serial, smbiosUuid, macs, labels, controller, network }: ProvidedFacts): string {
  return JSON.stringify({ name, serial, smbiosUuid, macs, labels, controller, network });
}
