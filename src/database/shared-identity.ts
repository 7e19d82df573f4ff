import { sql } from "kysely";
import type { MachineId } from "./ids.ts";
import type { MachineIdentity } from "./machine-identity.ts";
import type { Tx } from "./transaction.ts";

/**
 * The part of an identity that can be this machine's own. A UUID or MAC of another machine is left out, and recorded as
 * shared by several machines, so that it no longer identifies any of them. If nothing would be left and a MAC is
 * another machine's, the identity is returned unchanged: writing it then fails with the unique violation that names the
 * other machine.
 */
export async function identityOwn(
  tx: Tx,
  { smbiosUuid, macs }: MachineIdentity,
  machineId: MachineId,
): Promise<{ smbiosUuid?: string; macs: string[] }> {
  const { rows } = await sql<{ uuid_taken: boolean; taken: string[]; shared: string[] }>`
    SELECT
      EXISTS (
        SELECT FROM machine_smbios u WHERE u.smbios_uuid = ${smbiosUuid ?? null}::uuid AND u.machine_id <> ${machineId}
      ) AS uuid_taken,
      ARRAY(
        SELECT k.mac::text FROM machine_mac k WHERE k.mac = ANY (${macs}::macaddr[]) AND k.machine_id <> ${machineId}
      ) AS taken,
      ARRAY(SELECT s.mac::text FROM shared_mac s WHERE s.mac = ANY (${macs}::macaddr[])) AS shared`.execute(tx);
  const { uuid_taken: uuidTaken = false, taken = [], shared = [] } = rows[0] ?? {};
  const foreign = new Set([...taken, ...shared]);
  const own = macs.filter((mac) => !foreign.has(mac));
  const ownUuid = smbiosUuid === undefined || uuidTaken ? {} : { smbiosUuid };
  if (taken.some((mac) => !shared.includes(mac)) && own.length === 0 && ownUuid.smbiosUuid === undefined) {
    return { macs: [...macs] };
  }
  if (taken.length > 0) {
    await sql`INSERT INTO shared_mac (mac) SELECT unnest(${taken}::macaddr[]) ON CONFLICT DO NOTHING`.execute(tx);
  }
  if (uuidTaken) {
    await sql`INSERT INTO shared_smbios (smbios_uuid) VALUES (${smbiosUuid}::uuid) ON CONFLICT DO NOTHING`.execute(tx);
  }
  return { ...ownUuid, macs: own };
}
