import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import type { MachineIdentity } from "../../machine-identity.ts";
import { present } from "../../../lib/defined.ts";

/** What identifies a machine. @throws {DatabaseError} `unavailable` */
export async function machineIdentityOf(database: Database, machineId: MachineId): Promise<MachineIdentity> {
  const { rows } = await sql<{ uuid: string | null; macs: string[] }>`
    SELECT (SELECT u.smbios_uuid::text FROM machine_smbios u WHERE u.machine_id = ${machineId}) AS uuid,
      ARRAY(SELECT k.mac::text FROM machine_mac k WHERE k.machine_id = ${machineId} ORDER BY k.mac) AS macs`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  return { ...present({ smbiosUuid: row?.uuid ?? null }), macs: row?.macs ?? [] };
}
