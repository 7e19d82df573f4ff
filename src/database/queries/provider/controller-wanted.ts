import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";
import type { StoredTrust } from "../controller/controller.ts";

/** A machine's controller as its provider names it. */
export interface WantedController {
  protocol: "redfish" | "ipmi";
  url: string;
  system?: string;
  /** Name of the credential. */
  credential: string;
  /** Absent = an operator has to accept its certificate first. */
  trust?: StoredTrust;
}

/**
 * Writes which controllers a provider names for these machines. What is the same as before stays as it is, with what came of
 * it; what is named no more is not wanted any more.
 */
export async function controllerWantedSet(
  tx: Tx,
  provider: string,
  machines: readonly { machineId: MachineId; controller: WantedController | undefined }[],
): Promise<void> {
  if (machines.length === 0) {
    return;
  }
  const wanted = machines.filter(({ controller }) => controller !== undefined);
  const none = machines.filter(({ controller }) => controller === undefined).map(({ machineId }) => machineId);
  if (none.length > 0) {
    await sql`DELETE FROM machine_controller_wanted WHERE machine_id = ANY (${none}::uuid[])`.execute(tx);
  }
  const input = JSON.stringify(
    wanted.map(({ machineId, controller }) => ({ machine_id: machineId, wanted: controller })),
  );
  await sql`
    INSERT INTO machine_controller_wanted AS w (machine_id, provider, wanted, try_at)
    SELECT i.machine_id, ${provider}, i.wanted, CASE WHEN i.wanted ? 'trust' THEN now() END
    FROM jsonb_to_recordset(${input}::jsonb) AS i (machine_id uuid, wanted jsonb)
    ON CONFLICT (machine_id) DO UPDATE SET
      provider = excluded.provider, wanted = excluded.wanted, try_at = excluded.try_at, done_at = NULL, attempts = 0,
      failed_at = NULL, failed_code = NULL, failed_cause = NULL
    WHERE w.wanted <> excluded.wanted OR w.provider <> excluded.provider`.execute(tx);
}

/** A controller to read and store, and how often that was tried before. */
export interface ControllerWantedDue {
  machineId: MachineId;
  provider: string;
  wanted: WantedController;
  serial?: string;
  attempts: number;
}

/** Seconds until the first repetition, and at most. */
const retrySeconds = { first: 60, most: 3_600 };

/**
 * Takes wanted controllers that are due, each by one shepherd: the next try is put off before this one is made. What is the
 * machine's already counts as done.
 * @throws {DatabaseError} `unavailable`
 */
export async function controllerWantedTake(
  database: Database,
  providers: readonly string[],
  limit: number,
): Promise<ControllerWantedDue[]> {
  const { rows } = await sql<{
    machine_id: MachineId;
    provider: string;
    wanted: WantedController;
    serial: string | null;
    attempts: number;
  }>`
    UPDATE machine_controller_wanted w SET attempts = w.attempts + 1,
      try_at = now() + make_interval(secs => least(${retrySeconds.most}, ${retrySeconds.first} * 2.0 ^ least(w.attempts, 10)))
    WHERE w.machine_id IN (
      SELECT d.machine_id FROM machine_controller_wanted d
      WHERE d.done_at IS NULL AND d.try_at <= now() AND d.provider = ANY (${providers}::text[])
        AND NOT EXISTS (SELECT FROM provider v WHERE v.provider = d.provider AND v.held_since IS NOT NULL)
      ORDER BY d.try_at LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED
    ) RETURNING w.machine_id, w.provider, w.wanted, w.attempts,
      (SELECT p.listed ->> 'serial' FROM machine_provided p WHERE p.machine_id = w.machine_id) AS serial`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map(({ machine_id: machineId, provider, wanted, serial, attempts }) => ({
    ...{ machineId, provider, wanted, attempts },
    ...(serial === null ? {} : { serial }),
  }));
}

/** Which wanted controller a result is of: the list may name another one for the machine meanwhile. */
export type ControllerWantedKey = Pick<ControllerWantedDue, "machineId" | "wanted">;

/** Records that the wanted controller is the machine's now; false if another one is wanted meanwhile, or none. */
export async function controllerWantedDone(tx: Tx, { machineId, wanted }: ControllerWantedKey): Promise<boolean> {
  const { rows } = await sql`
    UPDATE machine_controller_wanted SET done_at = now(), failed_at = NULL, failed_code = NULL, failed_cause = NULL
    WHERE machine_id = ${machineId} AND wanted = ${JSON.stringify(wanted)}::jsonb RETURNING machine_id`.execute(tx);
  return rows.length === 1;
}

/**
 * Records why the wanted controller could not be read or stored, unless another one is wanted meanwhile.
 * @throws {DatabaseError} `unavailable`
 */
export async function controllerWantedFailed(
  database: Database,
  { machineId, wanted }: ControllerWantedKey,
  { code, cause }: { code: string; cause: string },
): Promise<void> {
  await sql`
    UPDATE machine_controller_wanted SET failed_at = now(), failed_code = ${code}, failed_cause = ${cause.replaceAll("\0", "")}
    WHERE machine_id = ${machineId} AND wanted = ${JSON.stringify(wanted)}::jsonb AND done_at IS NULL`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}
