import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import type { MachineIdentity } from "../../machine-identity.ts";
import type { NetbootFacts } from "./netboot.ts";
import { present } from "../../../lib/defined.ts";

/** A machine that a caller may be, although part of its identity differs. */
export interface NetbootRemains extends NetbootFacts {
  /**
   * What agrees: its SMBIOS UUID, while none of the caller's MACs is another machine's; its MACs, while the caller's
   * UUID is not another machine's; or both, with the UUID read in the other byte order.
   */
  agrees: "uuid" | "macs" | "swapped";
  /** The latest AgentHardwareReport, serialised. */
  hardwareRaw?: Uint8Array;
}

interface Row {
  machine_id: MachineId;
  agrees: NetbootRemains["agrees"];
  quarantined: boolean;
  pending: boolean;
  installed: boolean;
  hardware_report_raw: Uint8Array | null;
}

/**
 * The one machine that a caller may be although `machine_by_identity` does not find it, because its network interface
 * or board was replaced; undefined if there is none, or several are possible. Values that several machines share are
 * ignored.
 * @throws {DatabaseError} `unavailable`
 */
export async function netbootRemains(
  database: Database,
  { smbiosUuid, macs }: MachineIdentity,
): Promise<NetbootRemains | undefined> {
  const uuid = sql`${smbiosUuid ?? null}::uuid`;
  const { rows } = await sql<Row>`
    WITH own AS (
      SELECT t.mac FROM unnest(${macs}::macaddr[]) t (mac) WHERE NOT EXISTS (SELECT FROM shared_mac s WHERE s.mac = t.mac)
    ), by_mac AS (
      SELECT DISTINCT k.machine_id FROM machine_mac k WHERE k.mac IN (SELECT own.mac FROM own)
    ), candidate AS (
      SELECT u.machine_id, 'uuid' AS agrees FROM machine_smbios u
      WHERE u.smbios_uuid = ${uuid} AND NOT EXISTS (SELECT FROM shared_smbios s WHERE s.smbios_uuid = ${uuid})
        AND NOT EXISTS (SELECT FROM by_mac)
      UNION ALL
      SELECT u.machine_id, CASE WHEN u.smbios_uuid = smbios_swapped(${uuid}) THEN 'swapped' ELSE 'macs' END
      FROM by_mac JOIN machine_smbios u ON u.machine_id = by_mac.machine_id
      WHERE NOT EXISTS (SELECT FROM machine_smbios o WHERE o.smbios_uuid = ${uuid})
    )
    SELECT c.machine_id, c.agrees, h.hardware_report_raw,
      EXISTS (SELECT FROM machine_quarantine z WHERE z.machine_id = c.machine_id) AS quarantined,
      installation_pending(q.generation, r.generation) AS pending,
      EXISTS (SELECT FROM machine_os_installed d WHERE d.machine_id = c.machine_id) AS installed
    FROM candidate c
    LEFT JOIN machine_hardware_report h ON h.machine_id = c.machine_id
    LEFT JOIN machine_os_installation_request q ON q.machine_id = c.machine_id
    LEFT JOIN machine_os_installation_report r ON r.machine_id = c.machine_id
    LIMIT 2`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row, another] = rows;
  return row === undefined || another !== undefined
    ? undefined
    : {
        machineId: row.machine_id,
        agrees: row.agrees,
        quarantined: row.quarantined,
        pending: row.pending,
        installed: row.installed,
        ...present({ hardwareRaw: row.hardware_report_raw }),
      };
}
