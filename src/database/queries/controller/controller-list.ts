import { sql, type RawBuilder } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import {
  controllerColumns,
  controllerRecord,
  type ControllerRecord,
  type ControllerRow,
  controllerTables,
} from "./controller.ts";
import type { PowerRecord, PowerWord } from "./power.ts";
import { present } from "../../../lib/defined.ts";

/** A controller with the values that operators see beside it. */
export interface ControllerListed extends ControllerRecord {
  machineName?: string;
  credentialName: string;
  power?: PowerRecord;
}

interface ListedRow extends ControllerRow {
  machine_name: string | null;
  credential_name: string;
  power: PowerWord | null;
  power_since: Date | null;
  power_read_at: Date | null;
  power_read_from: string | null;
}

async function listed(database: Database, condition: RawBuilder<unknown>, limit: number): Promise<ControllerListed[]> {
  const { rows } = await sql<ListedRow>`
    SELECT ${controllerColumns}, m.name AS machine_name, k.credential_name, o.power, o.since AS power_since,
      o.read_at AS power_read_at, o.read_from AS power_read_from
    FROM ${controllerTables}
    JOIN machines m ON m.machine_id = c.machine_id
    JOIN credential k ON k.credential_id = c.credential_id
    LEFT JOIN machine_power o ON o.machine_id = c.machine_id
    WHERE ${condition} ORDER BY c.machine_id LIMIT ${limit}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    ...controllerRecord(row),
    ...present({ machineName: row.machine_name }),
    credentialName: row.credential_name,
    ...(row.power === null || row.power_since === null || row.power_read_at === null || row.power_read_from === null
      ? {}
      : {
          power: { power: row.power, since: row.power_since, readAt: row.power_read_at, readFrom: row.power_read_from },
        }),
  }));
}

/**
 * Controllers in the order of their machines' ids; `after` is the last id of the previous page.
 * @throws {DatabaseError} `unavailable`
 */
export function controllerList(
  database: Database,
  { limit, after }: { limit: number; after?: MachineId | undefined },
): Promise<ControllerListed[]> {
  return listed(database, after === undefined ? sql`true` : sql`c.machine_id > ${after}`, limit);
}

/** The controller of one machine. @throws {DatabaseError} `not_found`; `unavailable` */
export async function controllerShow(database: Database, machineId: MachineId): Promise<ControllerListed> {
  const [found] = await listed(database, sql`c.machine_id = ${machineId}`, 1);
  if (found === undefined) {
    throw new DatabaseError(
      "not_found",
      "this machine has no controller that is known: `farrier bmc add --help` says how to add it",
    );
  }
  return found;
}
