import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import { historyAppend } from "../../history.ts";
import type { MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";
import { writerPowerOff } from "../installation/writer.ts";
import { labelsLimit } from "../machine/machine-update.ts";
import { controllerWantedSet } from "./controller-wanted.ts";
import { providedNetworksSet } from "./provided-network.ts";
import { listedOf, type ProvidedFacts } from "./provided.ts";

/** What a list changes of a known machine. */
export interface ProvidedChange {
  machineId: MachineId;
  listed: ProvidedFacts;
  /** The list has it again. */
  returned: boolean;
  /** null = its UUID is taken away; absent = as it is. */
  smbiosUuid?: string | null;
  addMacs: readonly string[];
  removeMacs: readonly string[];
  setLabels: Readonly<Record<string, string>>;
  removeLabels: readonly string[];
  /** A new name; absent = as it is. */
  name?: string;
  controllerChanged: boolean;
  /** The network that was listed before this one; null = none; absent = the same. */
  networkBefore?: string | null;
  /** The provider now says that it has no power. */
  wentOff: boolean;
}

/**
 * Writes what a list changes, a statement for each kind of change.
 * @throws the unique violation if a name, provider's id, SMBIOS UUID or MAC is taken: nothing is written then
 */
export async function providedUpdateAll(
  tx: Tx,
  provider: string,
  changes: readonly ProvidedChange[],
  actor: Actor,
): Promise<void> {
  const ids = changes.map(({ machineId }) => machineId).toSorted();
  await sql`SELECT FROM machines WHERE machine_id = ANY (${ids}::uuid[]) ORDER BY machine_id FOR NO KEY UPDATE`.execute(
    tx,
  );
  const input = JSON.stringify(
    changes.map(({ machineId, listed, name, setLabels, removeLabels }) => ({
      machine_id: machineId,
      provider_id: listed.providerId,
      address: listed.address,
      location: listed.location,
      status: listed.status,
      listed: JSON.parse(listedOf(listed)) as unknown,
      name,
      set_labels: setLabels,
      remove_labels: removeLabels,
    })),
  );
  await sql`
    UPDATE machine_provided p SET
      provider_id = i.provider_id, provider_address = i.address, provider_location = i.location,
      provider_status = i.status, listed = i.listed, vanished_at = NULL
    FROM jsonb_to_recordset(${input}::jsonb) AS i (
      machine_id uuid, provider_id text, address text, location text, status text, listed jsonb
    ) WHERE p.machine_id = i.machine_id AND p.provider = ${provider}`.execute(tx);
  await sql`
    UPDATE machines m SET name = coalesce(i.name, m.name), labels = CASE
      WHEN (SELECT count(*) FROM jsonb_object_keys((m.labels - i.remove_labels) || i.set_labels)) <= ${labelsLimit}
      THEN (m.labels - i.remove_labels) || i.set_labels ELSE m.labels END
    FROM jsonb_to_recordset(${input}::jsonb) AS i (
      machine_id uuid, name text, set_labels jsonb, remove_labels text[]
    ) WHERE m.machine_id = i.machine_id
      AND (i.name IS NOT NULL OR i.set_labels <> '{}' OR i.remove_labels <> '{}')`.execute(tx);
  await identitiesWrite(tx, changes);
  const controllers = changes.filter(({ controllerChanged }) => controllerChanged);
  await controllerWantedSet(
    tx,
    provider,
    controllers.map(({ machineId, listed }) => ({ machineId, controller: listed.controller })),
  );
  await providedNetworksSet(
    tx,
    provider,
    changes.flatMap(({ machineId, listed, networkBefore }) =>
      networkBefore === undefined ? [] : [{ machineId, before: networkBefore ?? undefined, now: listed.network }],
    ),
  );
  for (const { machineId } of changes.filter(({ wentOff }) => wentOff)) {
    await writerPowerOff(tx, machineId);
  }
  await historyAppend(
    tx,
    changes
      .filter(({ returned }) => returned)
      .map(({ machineId }) => ({ machineId, actor, event: "machine_returned" as const })),
  );
}

/** Takes away first, so that what moves from one machine to another is free. */
async function identitiesWrite(tx: Tx, changes: readonly ProvidedChange[]): Promise<void> {
  const boards = changes.filter(({ smbiosUuid }) => smbiosUuid !== undefined);
  const interfaces = changes.filter(({ addMacs, removeMacs }) => addMacs.length + removeMacs.length > 0);
  if (boards.length + interfaces.length === 0) {
    return;
  }
  const boardsInput = JSON.stringify(
    boards.map(({ machineId, smbiosUuid }) => ({ machine_id: machineId, uuid: smbiosUuid })),
  );
  const macs = (of: (change: ProvidedChange) => readonly string[]): string =>
    JSON.stringify(interfaces.flatMap((change) => of(change).map((mac) => ({ machine_id: change.machineId, mac }))));
  await sql`
    WITH gone AS (
      DELETE FROM machine_smbios u USING jsonb_to_recordset(${boardsInput}::jsonb) AS i (machine_id uuid)
      WHERE u.machine_id = i.machine_id
    )
    DELETE FROM machine_mac k USING jsonb_to_recordset(${macs(({ removeMacs }) => removeMacs)}::jsonb) AS i (machine_id uuid, mac macaddr)
    WHERE k.machine_id = i.machine_id AND k.mac = i.mac`.execute(tx);
  await sql`
    WITH boards AS (
      INSERT INTO machine_smbios (machine_id, smbios_uuid)
      SELECT i.machine_id, i.uuid FROM jsonb_to_recordset(${boardsInput}::jsonb) AS i (machine_id uuid, uuid uuid)
      WHERE i.uuid IS NOT NULL
    )
    INSERT INTO machine_mac (machine_id, mac)
    SELECT i.machine_id, i.mac
    FROM jsonb_to_recordset(${macs(({ addMacs }) => addMacs)}::jsonb) AS i (machine_id uuid, mac macaddr)
    WHERE NOT EXISTS (SELECT FROM machine_mac k WHERE k.machine_id = i.machine_id AND k.mac = i.mac)`.execute(tx);
}

/** Marks machines that their provider no longer lists, in one statement; returns those that were not marked before. */
export async function providedVanishAll(
  tx: Tx,
  provider: string,
  machineIds: readonly MachineId[],
  actor: Actor,
): Promise<MachineId[]> {
  const ids = machineIds.toSorted();
  await sql`SELECT FROM machines WHERE machine_id = ANY (${ids}::uuid[]) ORDER BY machine_id FOR NO KEY UPDATE`.execute(
    tx,
  );
  const { rows } = await sql<{ machine_id: MachineId }>`
    UPDATE machine_provided SET vanished_at = now(), provider_status = NULL
    WHERE machine_id = ANY (${ids}::uuid[]) AND provider = ${provider} AND vanished_at IS NULL
    RETURNING machine_id`.execute(tx);
  const vanished = rows.map((row) => row.machine_id);
  await historyAppend(
    tx,
    vanished.map((machineId) => ({ machineId, actor, event: "machine_vanished" as const })),
  );
  return vanished;
}
