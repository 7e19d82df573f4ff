import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import { agentKey, type AgentKey, type MachineId } from "../../ids.ts";
import type { MachineIdentity } from "../../machine-identity.ts";
import { present } from "../../../lib/defined.ts";

/** An agent that waits for approval, in the operator API. */
export interface EnrollmentClaim {
  publicKey: AgentKey;
  identity: MachineIdentity;
  address: string;
  firstSeenAt: Date;
  lastSeenAt: Date;
  rejected?: { by: string; at: Date };
  /** The serialised AgentHardwareReport. */
  hardwareRaw?: Uint8Array;
  /** The one machine that matches what it reports about itself. */
  claimed?: { machineId: MachineId; name?: string };
  /**
   * Other machines that share its SMBIOS UUID or a MAC: why it matches no single machine, or what an operator should
   * check.
   */
  related: { machineId: MachineId; name?: string }[];
}

interface ClaimRow {
  agent_public_key: Buffer;
  smbios_uuid: string | null;
  macs: string[];
  claim_address: string;
  first_seen_at: Date;
  last_seen_at: Date;
  rejected_at: Date | null;
  rejected_by: string | null;
  hardware_report_raw: Buffer | null;
  claimed: MachineId | null;
  claimed_name: string | null;
  related: { machineId: MachineId; name: string | null }[] | null;
}

/**
 * Agents that wait for approval, oldest first; with `rejected` including rejected ones. At most 500.
 * @throws {DatabaseError} `unavailable`
 */
export async function claimList(database: Database, { rejected }: { rejected: boolean }): Promise<EnrollmentClaim[]> {
  const { rows } = await sql<ClaimRow>`
    SELECT c.agent_public_key, c.smbios_uuid, c.macs, c.claim_address, c.first_seen_at, c.last_seen_at,
      c.rejected_at, c.rejected_by, c.hardware_report_raw, i.claimed, m.name AS claimed_name,
      (
        SELECT jsonb_agg(jsonb_build_object('machineId', o.machine_id, 'name', o.name) ORDER BY o.machine_id)
        FROM machines o WHERE o.machine_id IS DISTINCT FROM i.claimed AND o.machine_id IN (
          SELECT u.machine_id FROM machine_smbios u
          WHERE u.smbios_uuid = c.smbios_uuid OR u.smbios_uuid = smbios_swapped(c.smbios_uuid)
          UNION SELECT k.machine_id FROM machine_mac k
          WHERE k.mac = ANY (c.macs) AND NOT EXISTS (SELECT FROM shared_mac s WHERE s.mac = k.mac)
        )
      ) AS related
    FROM enrollment_claim c
    CROSS JOIN LATERAL (SELECT machine_by_identity(c.smbios_uuid, c.macs) AS claimed) i
    LEFT JOIN machines m ON m.machine_id = i.claimed
    WHERE ${rejected} OR c.rejected_at IS NULL
    ORDER BY c.first_seen_at, c.agent_public_key`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    publicKey: agentKey(row.agent_public_key),
    identity: { ...present({ smbiosUuid: row.smbios_uuid }), macs: row.macs },
    address: row.claim_address,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
    ...(row.rejected_at === null ? {} : { rejected: { by: row.rejected_by ?? "", at: row.rejected_at } }),
    ...present({ hardwareRaw: row.hardware_report_raw }),
    ...(row.claimed === null ? {} : { claimed: { machineId: row.claimed, ...present({ name: row.claimed_name }) } }),
    related: (row.related ?? []).map(({ machineId, name }) => ({ machineId, ...present({ name }) })),
  }));
}
