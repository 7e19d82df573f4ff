import { sql } from "kysely";
import type { AgentKey } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";
import type { HardwareReport } from "../hardware/hardware-report-write.ts";
import type { MachineIdentity } from "../../machine-identity.ts";

/** Maximum number of stored claims; further agents get the same answer, and are not remembered. */
export const claimsLimit = 500;
/** Maximum size in bytes of an unapproved agent's hardware report. */
const claimHardwareLimit = 64 << 10;

/** An agent that waits for approval. */
export interface ClaimEntry {
  publicKey: AgentKey;
  identity: MachineIdentity;
  address: string;
  hardware?: HardwareReport | undefined;
}

/**
 * Stores a claim, or that it asked again. If there are too many, the claim that was not seen for longest is replaced,
 * unless all were seen within a quarter of an hour.
 */
export async function claimRecord(tx: Tx, entry: ClaimEntry): Promise<"new" | "known" | "full"> {
  const key = Buffer.from(entry.publicKey);
  const hardware =
    entry.hardware === undefined || entry.hardware.raw.length > claimHardwareLimit ? undefined : entry.hardware;
  await sql`
    DELETE FROM enrollment_claim WHERE agent_public_key = (
      SELECT agent_public_key FROM enrollment_claim
      WHERE last_seen_at < now() - interval '15 minutes' AND agent_public_key <> ${key}
        AND (SELECT count(*) FROM enrollment_claim) >= ${claimsLimit}
      ORDER BY last_seen_at LIMIT 1
    )`.execute(tx);
  const { rows } = await sql<{ inserted: boolean }>`
    INSERT INTO enrollment_claim AS c (
      agent_public_key, smbios_uuid, macs, claim_address, hardware_report_raw, hardware_report_fingerprint
    )
    SELECT ${key}::bytea, ${entry.identity.smbiosUuid ?? null}::uuid, ${entry.identity.macs}::macaddr[], ${entry.address},
      ${hardware === undefined ? null : Buffer.from(hardware.raw)}::bytea,
      ${hardware === undefined ? null : Buffer.from(hardware.fingerprint)}::bytea
    WHERE (SELECT count(*) FROM enrollment_claim) < ${claimsLimit}
      OR EXISTS (SELECT FROM enrollment_claim o WHERE o.agent_public_key = ${key})
    ON CONFLICT (agent_public_key) DO UPDATE SET
      smbios_uuid = excluded.smbios_uuid, macs = excluded.macs, claim_address = excluded.claim_address,
      last_seen_at = now(),
      -- A report that says the same is not written again.
      hardware_report_raw = CASE
        WHEN excluded.hardware_report_fingerprint IS NULL
          OR excluded.hardware_report_fingerprint = c.hardware_report_fingerprint THEN c.hardware_report_raw
        ELSE excluded.hardware_report_raw END,
      hardware_report_fingerprint = coalesce(excluded.hardware_report_fingerprint, c.hardware_report_fingerprint)
    RETURNING c.xmax = 0 AS inserted`.execute(tx);
  const [row] = rows;
  return row === undefined ? "full" : row.inserted ? "new" : "known";
}
