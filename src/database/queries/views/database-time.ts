import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";

/** The database's time, which all stored times are by. @throws {DatabaseError} `unavailable` */
export async function databaseTime(database: Database): Promise<Date> {
  const { rows } = await sql<{ at: Date }>`SELECT now() AS at`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows[0]?.at ?? new Date(0);
}
