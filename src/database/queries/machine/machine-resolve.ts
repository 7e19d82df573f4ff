import { isUuid } from "../../../lib/format/uuid.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import { machineId as toMachineId, type MachineId } from "../../ids.ts";
import { uuidRange } from "./uuid-range.ts";

/** Minimum number of characters of an id by which a machine can be found. */
const prefixLength = 4;

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
