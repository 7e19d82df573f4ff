import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError, isUniqueViolation, translate } from "../../errors.ts";
import { isUuid } from "../../../lib/format/uuid.ts";
import { machineId as toMachineId, type MachineId } from "../../ids.ts";
import { transact, type Tx } from "../../transaction.ts";
import { historyAppend } from "../../history.ts";
import { identityTaken, machineIdentitySet } from "../../machine-identity.ts";
import { machineColumns, machineRecord, machineTables, type MachineRow } from "../views/machine-record-read.ts";
import type { MachineRecord, Provided } from "../views/machine-record.ts";
import { operatorCommandFind, operatorCommandRecord, type OperatorCommand } from "../../operator-command.ts";

/** A machine to add. */
export interface NewMachine {
  machineId: MachineId;
  name?: string;
  labels: Record<string, string>;
  provided: Provided;
  /** What identifies it at network boot. */
  smbiosUuid?: string | undefined;
  macs?: readonly string[];
  actor: Actor;
}

/**
 * Adds a machine. The caller chooses its id (derived from the request id), so that a repeated command finds it.
 * @throws {DatabaseError} `exists` if the name, the provider's id, the SMBIOS UUID or a MAC is taken;
 * `request_id_reused`
 */
export async function machineAdd(database: Database, command: OperatorCommand & NewMachine): Promise<void> {
  await machineAddOnce(database, command, () => machineAddWrite(database, command));
}

/**
 * Runs `add`, which the same command may be doing elsewhere at the same time.
 * @throws {DatabaseError} `exists` if the name or another unique value is taken; and what `add` throws
 */
export async function machineAddOnce(
  database: Database,
  command: OperatorCommand & NewMachine,
  add: () => Promise<void>,
): Promise<void> {
  try {
    await add();
  } catch (error) {
    const constraint = isUniqueViolation(error);
    if (constraint === "machines_pkey") {
      // The same command ran elsewhere at the same time, and has committed by now.
      const carriedOut = await transact(database, null, (tx) => operatorCommandFind(tx, command));
      if (carriedOut !== undefined) {
        return;
      }
    }
    const taken = await identityTaken(database, constraint, command.machineId, command, error);
    throw constraint === undefined ? error : (taken ?? machineTaken(constraint, command, error));
  }
}

async function machineAddWrite(database: Database, command: OperatorCommand & NewMachine): Promise<void> {
  await transact(database, null, async (tx) => {
    if ((await operatorCommandFind(tx, command)) === undefined) {
      await machineInsert(tx, command);
      await operatorCommandRecord(tx, command, 0n);
    }
  });
}

/** Writes a new machine with its tags and its first history entry. */
export async function machineInsert(tx: Tx, machine: NewMachine): Promise<void> {
  const { machineId, name, labels, provided, smbiosUuid, macs = [], actor } = machine;
  await tx
    .insertInto("machines")
    .values({ machine_id: machineId, name: name ?? null, labels })
    .execute();
  await machineProvidedSet(tx, machineId, provided);
  await machineIdentitySet(tx, machineId, { ...(smbiosUuid === undefined ? {} : { smbiosUuid }), macs });
  const detail = {
    provider: provided.provider,
    providerId: provided.providerId,
    name,
    ...(smbiosUuid === undefined ? {} : { smbiosUuid }),
    ...(macs.length === 0 ? {} : { macs }),
  };
  await historyAppend(tx, [{ machineId, actor, event: "machine_added", detail }]);
}

function machineTaken(
  constraint: string,
  machine: { name?: string; provided: Provided },
  cause: unknown,
): DatabaseError {
  const { provider, providerId } = machine.provided;
  const what =
    constraint === "machines_name_key" ? `the name "${machine.name}"` : `"${providerId}" of provider "${provider}"`;
  return new DatabaseError("exists", `${what} is taken by another machine: each is one machine's only`, { cause });
}

/** Writes the tag `provided`, or replaces it. */
export async function machineProvidedSet(tx: Tx, machineId: MachineId, provided: Provided): Promise<void> {
  const row = {
    provider: provided.provider,
    provider_id: provided.providerId,
    provider_reservation_id: provided.reservationId ?? null,
    provider_address: provided.address ?? null,
    provider_location: provided.location ?? null,
    provider_status: provided.status ?? null,
  };
  await tx
    .insertInto("machine_provided")
    .values({ machine_id: machineId, ...row })
    .onConflict((conflict) => conflict.column("machine_id").doUpdateSet(row))
    .execute();
}

/** Minimum number of characters of an id by which a machine can be found. */
const prefixLength = 4;

/** The first and the last id with this prefix; undefined if the prefix is not the beginning of a UUID. Pure. */
export function uuidRange(prefix: string): { first: MachineId; last: MachineId } | undefined {
  const shape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  const text = prefix.toLowerCase();
  const fits = text
    .split("")
    .every((letter, index) =>
      shape[index] === "-" ? letter === "-" : shape[index] === "x" && /[0-9a-f]/u.test(letter),
    );
  if (!fits || text === "") {
    return undefined;
  }
  const rest = shape.slice(text.length);
  return {
    first: (text + rest.replaceAll("x", "0")) as MachineId,
    last: (text + rest.replaceAll("x", "f")) as MachineId,
  };
}

/**
 * The id of the machine with this id (any letter case) or name, or of the only machine whose id begins with it.
 * @throws {DatabaseError} `not_found`; `refused` if several ids begin with it
 */
export async function machineResolve(database: Database, idOrName: string): Promise<MachineId> {
  const row = await database.kysely
    .selectFrom("machines")
    .select("machine_id")
    .where((is) => (isUuid(idOrName) ? is("machine_id", "=", toMachineId(idOrName)) : is("name", "=", idOrName)))
    .executeTakeFirst()
    .catch((error: unknown) => Promise.reject(translate(error)));
  if (row !== undefined) {
    return row.machine_id;
  }
  const range = idOrName.length >= prefixLength && !isUuid(idOrName) ? uuidRange(idOrName) : undefined;
  const found =
    range === undefined
      ? []
      : await database.kysely
          .selectFrom("machines")
          .select("machine_id")
          .where("machine_id", ">=", range.first)
          .where("machine_id", "<=", range.last)
          .orderBy("machine_id")
          .limit(3)
          .execute()
          .catch((error: unknown) => Promise.reject(translate(error)));
  const [only, ...others] = found.map(({ machine_id }) => machine_id);
  if (only === undefined) {
    throw new DatabaseError("not_found", `there is no machine "${idOrName}": \`farrier machine list\` shows all`);
  }
  if (others.length > 0) {
    const some = [only, ...others].slice(0, 2).join(", ");
    throw new DatabaseError(
      "refused",
      `several machines' ids begin with "${idOrName}" (${some}${others.length > 1 ? ", …" : ""}): give more of it`,
    );
  }
  return only;
}

/**
 * Everything about one machine.
 * @throws {DatabaseError} `not_found`
 */
export async function machineShow(database: Database, machineId: MachineId): Promise<MachineRecord> {
  const [record] = await machinesShow(database, [machineId]);
  if (record === undefined) {
    throw new DatabaseError("not_found", `there is no machine "${machineId}": \`farrier machine list\` shows all`);
  }
  return record;
}

/** The records of those machines that exist, in the given order. */
export async function machinesShow(database: Database, machineIds: readonly MachineId[]): Promise<MachineRecord[]> {
  if (machineIds.length === 0) {
    return [];
  }
  // One by one: a join over all machines read tables that were not analysed yet from end to end.
  const query = sql<MachineRow>`
    SELECT x.* FROM unnest(${machineIds}::uuid[]) AS wanted (machine_id) CROSS JOIN LATERAL (
      SELECT ${machineColumns} FROM ${machineTables} WHERE m.machine_id = wanted.machine_id LIMIT 1
    ) x`;
  const { rows } = await query.execute(database.kysely).catch((error: unknown) => Promise.reject(translate(error)));
  const records = new Map(rows.map((row) => [row.machine_id, machineRecord(row)]));
  return machineIds.flatMap((machineId) => records.get(machineId) ?? []);
}
