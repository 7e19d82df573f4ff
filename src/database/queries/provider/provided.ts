import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { isUniqueViolation, translate } from "../../errors.ts";
import { machineId as toMachineId, requestId, type MachineId } from "../../ids.ts";
import { transact } from "../../transaction.ts";
import { historyAppend } from "../../history.ts";
import { machineAdd } from "../machine/machine-add.ts";
import { identityTaken, machineIdentitySet } from "../../machine-identity.ts";
import { writerPowerOff } from "../installation/writer.ts";
import { machineLock } from "../../machine-lock.ts";
import { defined } from "../../../lib/defined.ts";

/** What a provider reports about a machine. */
export interface ProvidedFacts {
  providerId: string;
  smbiosUuid?: string | undefined;
  macs: readonly string[];
  address?: string | undefined;
  location?: string | undefined;
  status?: string | undefined;
}

/** What the provider last reported about a machine. */
export interface ProvidedKnown extends ProvidedFacts {
  machineId: MachineId;
  /** The last listing did not have the machine. */
  vanished: boolean;
}

interface Row {
  machine_id: MachineId;
  provider_id: string;
  smbios_uuid: string | null;
  macs: string[] | null;
  provider_address: string | null;
  provider_location: string | null;
  provider_status: string | null;
  vanished: boolean;
}

/**
 * All known machines of a provider.
 * @throws {DatabaseError} `unavailable`
 */
export async function providedList(database: Database, provider: string): Promise<ProvidedKnown[]> {
  const { rows } = await sql<Row>`
    SELECT p.machine_id, p.provider_id, u.smbios_uuid, p.provider_address, p.provider_location, p.provider_status,
      (SELECT array_agg(k.mac::text ORDER BY k.mac) FROM machine_mac k WHERE k.machine_id = p.machine_id) AS macs,
      p.vanished_at IS NOT NULL AS vanished
    FROM machine_provided p LEFT JOIN machine_smbios u ON u.machine_id = p.machine_id
    WHERE p.provider = ${provider}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    machineId: row.machine_id,
    providerId: row.provider_id,
    smbiosUuid: row.smbios_uuid ?? undefined,
    macs: row.macs ?? [],
    address: row.provider_address ?? undefined,
    location: row.provider_location ?? undefined,
    status: row.provider_status ?? undefined,
    vanished: row.vanished,
  }));
}

/**
 * The provider of a machine and its id there; undefined if the machine has no provider.
 * @throws {DatabaseError} `unavailable`
 */
export async function providedBy(
  database: Database,
  machineId: MachineId,
): Promise<{ provider: string; providerId: string } | undefined> {
  return database.kysely
    .selectFrom("machine_provided")
    .select(["provider", "provider_id as providerId"])
    .where("machine_id", "=", machineId)
    .executeTakeFirst()
    .catch((error: unknown) => Promise.reject(translate(error)));
}

/**
 * Adds a machine that a provider lists.
 * @throws {DatabaseError} `exists` if the name, the provider's id, the SMBIOS UUID or a MAC is taken; `unavailable`
 */
export async function providedAdd(
  database: Database,
  provider: string,
  { name, smbiosUuid, macs, ...facts }: ProvidedFacts & { name?: string | undefined },
  actor: Actor,
): Promise<MachineId> {
  const machineId = toMachineId(randomUUID());
  const { address, location, status } = facts;
  await machineAdd(database, {
    machineId,
    requestId: requestId(randomUUID()),
    command: "machine_add",
    bodyDigest: Buffer.alloc(32),
    ...defined({ name }),
    labels: {},
    provided: {
      provider,
      providerId: facts.providerId,
      ...defined({ address, location, status }),
    },
    smbiosUuid,
    macs,
    actor,
  });
  return machineId;
}

/**
 * Writes what a provider reports about a known machine; a vanished machine is no longer vanished.
 * @throws {DatabaseError} `exists` if the SMBIOS UUID or a MAC is another machine's; `unavailable`
 */
export async function providedUpdate(
  database: Database,
  known: ProvidedKnown,
  facts: ProvidedFacts,
  actor: Actor,
): Promise<void> {
  const { machineId } = known;
  const identity = { smbiosUuid: facts.smbiosUuid ?? null, macs: facts.macs };
  try {
    await transact(database, null, async (tx) => {
      if (!(await machineLock(tx, machineId))) {
        return;
      }
      await tx
        .updateTable("machine_provided")
        .set({
          provider_address: facts.address ?? null,
          provider_location: facts.location ?? null,
          provider_status: facts.status ?? null,
          vanished_at: null,
        })
        .where("machine_id", "=", machineId)
        .execute();
      if (facts.status?.toLowerCase() === "off") {
        await writerPowerOff(tx, machineId);
      }
      if (known.smbiosUuid !== facts.smbiosUuid || known.macs.join() !== facts.macs.toSorted().join()) {
        await machineIdentitySet(tx, machineId, identity);
      }
      if (known.vanished) {
        await historyAppend(tx, [{ machineId, actor, event: "machine_returned" }]);
      }
    });
  } catch (error) {
    throw (await identityTaken(database, isUniqueViolation(error), machineId, identity, error)) ?? error;
  }
}

/**
 * Marks a machine that its provider no longer lists. Nothing else of it changes.
 * @throws {DatabaseError} `unavailable`
 */
export async function providedVanish(database: Database, machineId: MachineId, actor: Actor): Promise<void> {
  await transact(database, null, async (tx) => {
    await machineLock(tx, machineId);
    const marked = await tx
      .updateTable("machine_provided")
      .set({ vanished_at: sql<Date>`now()`, provider_status: null })
      .where("machine_id", "=", machineId)
      .where("vanished_at", "is", null)
      .returning("machine_id")
      .execute();
    await historyAppend(
      tx,
      marked.map(() => ({ machineId, actor, event: "machine_vanished" as const })),
    );
  });
}
