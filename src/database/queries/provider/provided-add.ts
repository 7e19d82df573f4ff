import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import { historyAppend } from "../../history.ts";
import { machineId as toMachineId, type MachineId } from "../../ids.ts";
import { machineIdentitySet } from "../../machine-identity.ts";
import { machineLock } from "../../machine-lock.ts";
import { identityOwn } from "../../shared-identity.ts";
import type { Tx } from "../../transaction.ts";
import { defined } from "../../../lib/defined.ts";
import { labelsLimit } from "../machine/machine-update.ts";
import { machineProvidedSet } from "../machine/machine-provided.ts";
import { controllerWantedSet } from "./controller-wanted.ts";
import { providedNetworksSet } from "./provided-network.ts";
import { listedOf, type ProvidedFacts } from "./provided.ts";

/**
 * Adds machines that a provider lists, in one statement.
 * @throws the unique violation if a name, provider's id, SMBIOS UUID or MAC is taken: nothing is added then
 */
export async function providedAddAll(
  tx: Tx,
  provider: string,
  machines: readonly ProvidedFacts[],
  actor: Actor,
): Promise<MachineId[]> {
  const ids = machines.map(() => toMachineId(randomUUID()));
  const input = JSON.stringify(
    machines.map((machine, n) => ({
      machine_id: ids[n],
      name: machine.name,
      labels: machine.labels ?? {},
      provider_id: machine.providerId,
      address: machine.address,
      location: machine.location,
      status: machine.status,
      listed: JSON.parse(listedOf(machine)) as unknown,
      uuid: machine.smbiosUuid,
      macs: machine.macs,
    })),
  );
  await sql`
    WITH input AS MATERIALIZED (
      SELECT * FROM jsonb_to_recordset(${input}::jsonb) AS t (
        machine_id uuid, name text, labels jsonb, provider_id text, address text, location text, status text,
        listed jsonb, uuid uuid, macs macaddr[]
      )
    ), added AS (
      INSERT INTO machines (machine_id, name, labels) SELECT machine_id, name, labels FROM input
    ), provided AS (
      INSERT INTO machine_provided
        (machine_id, provider, provider_id, provider_address, provider_location, provider_status, listed)
      SELECT machine_id, ${provider}, provider_id, address, location, status, listed FROM input
    ), boards AS (
      INSERT INTO machine_smbios (machine_id, smbios_uuid) SELECT machine_id, uuid FROM input WHERE uuid IS NOT NULL
    ), interfaces AS (
      INSERT INTO machine_mac (machine_id, mac) SELECT machine_id, unnest(macs) FROM input
    )
    INSERT INTO history (machine_id, actor_kind, actor, event, detail)
    SELECT machine_id, ${actor.kind}, ${actor.name}, 'machine_added', jsonb_strip_nulls(jsonb_build_object(
      'provider', ${provider}::text, 'providerId', provider_id, 'name', name, 'smbiosUuid', uuid,
      'macs', CASE WHEN macs <> '{}' THEN to_jsonb(macs) END
    )) FROM input`.execute(tx);
  await controllerWantedSet(
    tx,
    provider,
    machines.map(({ controller }, n) => ({ machineId: ids[n] ?? toMachineId(""), controller })),
  );
  await providedNetworksSet(
    tx,
    provider,
    machines.map(({ network }, n) => ({ machineId: ids[n] ?? toMachineId(""), before: undefined, now: network })),
  );
  return ids;
}

/**
 * Makes a known machine one of this provider's, because what it is known by agrees with what is listed. What the machine
 * has stays; what is listed is added where it is free.
 */
export async function providedJoin(
  tx: Tx,
  provider: string,
  machineId: MachineId,
  listed: ProvidedFacts,
  actor: Actor,
): Promise<void> {
  await machineLock(tx, machineId);
  const { rows } = await sql<{
    name: string | null;
    labels: Record<string, string>;
    provider: string | null;
    provider_id: string | null;
    uuid: string | null;
    macs: string[];
    name_free: boolean;
  }>`
    SELECT m.name, m.labels, p.provider, p.provider_id, u.smbios_uuid::text AS uuid,
      ARRAY(SELECT k.mac::text FROM machine_mac k WHERE k.machine_id = m.machine_id) AS macs,
      NOT EXISTS (SELECT FROM machines o WHERE o.name = ${listed.name ?? null}) AS name_free
    FROM machines m LEFT JOIN machine_provided p ON p.machine_id = m.machine_id
    LEFT JOIN machine_smbios u ON u.machine_id = m.machine_id WHERE m.machine_id = ${machineId}`.execute(tx);
  const [before] = rows;
  if (before === undefined) {
    return;
  }
  const { providerId, address, location, status } = listed;
  await machineProvidedSet(tx, machineId, {
    provider,
    providerId,
    ...defined({ address, location, status }),
  });
  await sql`
    UPDATE machine_provided SET listed = ${listedOf(listed)}::jsonb, vanished_at = NULL
    WHERE machine_id = ${machineId}`.execute(tx);
  const labels = { ...listed.labels, ...before.labels };
  const name = before.name ?? (before.name_free ? (listed.name ?? null) : null);
  await sql`
    UPDATE machines SET name = ${name},
      labels = CASE WHEN ${Object.keys(labels).length <= labelsLimit} THEN ${JSON.stringify(labels)}::jsonb ELSE labels END
    WHERE machine_id = ${machineId}`.execute(tx);
  const own = await identityOwn(tx, listed, machineId);
  await machineIdentitySet(tx, machineId, {
    ...(before.uuid === null ? defined({ smbiosUuid: own.smbiosUuid }) : {}),
    macs: [...new Set([...before.macs, ...own.macs])],
  });
  await controllerWantedSet(tx, provider, [{ machineId, controller: listed.controller }]);
  await providedNetworksSet(tx, provider, [{ machineId, before: undefined, now: listed.network }]);
  const detail = { provider, providerId, providerBefore: before.provider, providerIdBefore: before.provider_id };
  await historyAppend(tx, [{ machineId, actor, event: "machine_joined", detail }]);
}
