import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { machineByIdentity, type MachineIdentity } from "../../machine-identity.ts";
import type { Tx } from "../../transaction.ts";
import { sql } from "kysely";

/** Sets a machine's network, as netplan's YAML; null removes it. The caller has locked the machine. */
export async function machineNetworkSet(
  tx: Tx,
  machineId: MachineId,
  { networkConfig, actor }: { networkConfig: string | null; actor: Actor },
): Promise<void> {
  await tx.deleteFrom("machine_network").where("machine_id", "=", machineId).execute();
  if (networkConfig !== null) {
    await tx
      .insertInto("machine_network")
      .values({ machine_id: machineId, network_config: networkConfig, set_at: sql<Date>`now()`, set_by: actor.name })
      .execute();
  }
}

/** A machine's network as it was given; undefined if it uses DHCP. @throws {DatabaseError} `unavailable` */
export async function machineNetworkOf(database: Database | Tx, machineId: MachineId): Promise<string | undefined> {
  const source = "kysely" in database ? database.kysely : database;
  const row = await source
    .selectFrom("machine_network")
    .select("network_config")
    .where("machine_id", "=", machineId)
    .executeTakeFirst()
    .catch((error: unknown) => Promise.reject(translate(error)));
  return row?.network_config;
}

/** The network of the machine with this identity; undefined if it uses DHCP, or no machine has it. @throws {DatabaseError} `unavailable` */
export async function networkOfIdentity(database: Database, identity: MachineIdentity): Promise<string | undefined> {
  const { rows } = await sql<{ network_config: string }>`
    SELECT network_config FROM machine_network WHERE machine_id = (SELECT ${machineByIdentity(identity)})`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows[0]?.network_config;
}
