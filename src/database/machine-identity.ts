import { sql, type RawBuilder } from "kysely";
import type { Database } from "./connect.ts";
import { DatabaseError, translate } from "./errors.ts";
import type { MachineId } from "./ids.ts";
import type { Tx } from "./transaction.ts";

/** What a machine is known by before its agent has a key: all in lower case, as `lib/net/mac.ts` and `contract/smbios-uuid.ts` give it. */
export interface MachineIdentity {
  smbiosUuid?: string | undefined;
  /** `aa:bb:cc:dd:ee:ff`, for all its known interfaces. */
  macs: readonly string[];
}

/** The one machine that a caller with this identity can be, in SQL; NULL if there is none, or more than one. */
export function machineByIdentity({ smbiosUuid, macs }: MachineIdentity): RawBuilder<MachineId | null> {
  return sql<MachineId | null>`machine_by_identity(${smbiosUuid ?? null}::uuid, ${macs}::macaddr[])`;
}

/**
 * Writes a machine's identity, replacing the previous one; parts that are not given are unchanged. Pass a unique
 * violation to {@link identityTaken}.
 */
export async function machineIdentitySet(
  tx: Tx,
  machineId: MachineId,
  identity: { smbiosUuid?: string | null; macs?: readonly string[] },
): Promise<void> {
  const { smbiosUuid, macs } = identity;
  if (smbiosUuid !== undefined) {
    await tx.deleteFrom("machine_smbios").where("machine_id", "=", machineId).execute();
  }
  if (typeof smbiosUuid === "string") {
    await tx.insertInto("machine_smbios").values({ machine_id: machineId, smbios_uuid: smbiosUuid }).execute();
  }
  if (macs !== undefined) {
    await tx.deleteFrom("machine_mac").where("machine_id", "=", machineId).execute();
  }
  if (macs !== undefined && macs.length > 0) {
    const rows = [...new Set(macs)].map((mac) => ({ machine_id: machineId, mac }));
    await tx.insertInto("machine_mac").values(rows).execute();
  }
}

/** The MACs that identify a machine. */
export async function machineMacs(tx: Tx, machineId: MachineId): Promise<string[]> {
  const rows = await tx.selectFrom("machine_mac").select("mac").where("machine_id", "=", machineId).execute();
  return rows.map(({ mac }) => mac);
}

/** Whether anything is known that could identify a boot as this machine's. */
export async function machineIsIdentified(tx: Tx, machineId: MachineId): Promise<boolean> {
  const { rows } = await sql<{ known: boolean }>`
    SELECT EXISTS (SELECT FROM machine_smbios u WHERE u.machine_id = ${machineId})
      OR EXISTS (SELECT FROM machine_mac k WHERE k.machine_id = ${machineId}) AS known`.execute(tx);
  return rows[0]?.known === true;
}

/** The unique constraints on SMBIOS UUIDs and MACs. */
const identityConstraints = new Set(["machine_smbios_smbios_uuid_key", "machine_mac_mac_key"]);

/** The error text for a violation of those constraints, or undefined for any other constraint. */
export async function identityTaken(
  database: Database,
  constraint: string | undefined,
  machineId: MachineId,
  { smbiosUuid, macs = [] }: { smbiosUuid?: string | null | undefined; macs?: readonly string[] },
  cause: unknown,
): Promise<DatabaseError | undefined> {
  if (constraint === undefined || !identityConstraints.has(constraint)) {
    return undefined;
  }
  const { rows } = await sql<{ what: string; other: string }>`
    SELECT t.what, coalesce(m.name, m.machine_id::text) AS other FROM (
      SELECT 'SMBIOS UUID ' || u.smbios_uuid AS what, u.machine_id FROM machine_smbios u
      WHERE u.smbios_uuid = ${smbiosUuid ?? null}::uuid
      UNION ALL SELECT 'MAC ' || k.mac, k.machine_id FROM machine_mac k WHERE k.mac = ANY (${macs}::macaddr[])
    ) t JOIN machines m ON m.machine_id = t.machine_id
    WHERE m.machine_id <> ${machineId} ORDER BY t.what LIMIT 1`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [taken] = rows;
  const what = taken === undefined ? "the SMBIOS UUID or a MAC" : `the ${taken.what}`;
  const whose = taken === undefined ? "another machine's" : `machine ${taken.other}'s`;
  const hint =
    constraint === "machine_smbios_smbios_uuid_key"
      ? ": leave it out where a maker gave two boards the same one, and give the MACs of both"
      : ": a network interface is in one machine only";
  return new DatabaseError("exists", `${what} is ${whose}${hint}`, { cause });
}
