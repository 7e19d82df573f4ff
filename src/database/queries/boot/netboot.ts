import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { machineByIdentity, type MachineIdentity } from "../../machine-identity.ts";

/** The facts that decide what a machine boots from the network. */
export interface NetbootFacts {
  machineId: MachineId;
  quarantined: boolean;
  pending: boolean;
  installed: boolean;
}

interface Row {
  machine_id: MachineId;
  quarantined: boolean;
  pending: boolean;
  installed: boolean;
}

/**
 * The machine with this identity and its state, in one statement; undefined if the identity matches no machine, or
 * several.
 * @throws {DatabaseError} `unavailable`
 */
export async function netbootFacts(database: Database, identity: MachineIdentity): Promise<NetbootFacts | undefined> {
  const { rows } = await sql<Row>`
    SELECT m.machine_id,
      EXISTS (SELECT FROM machine_quarantine z WHERE z.machine_id = m.machine_id) AS quarantined,
      installation_pending(q.generation, r.generation) AS pending,
      EXISTS (SELECT FROM machine_os_installed d WHERE d.machine_id = m.machine_id) AS installed
    FROM machines m
    LEFT JOIN machine_os_installation_request q ON q.machine_id = m.machine_id
    LEFT JOIN machine_os_installation_report r ON r.machine_id = m.machine_id
    WHERE m.machine_id = (SELECT ${machineByIdentity(identity)})`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  return row === undefined
    ? undefined
    : {
        machineId: row.machine_id,
        quarantined: row.quarantined,
        pending: row.pending,
        installed: row.installed,
      };
}
