import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";

/** A code that can sign a browser in now. */
export interface ValidLink {
  /** SHA-256 of the code, in hex. */
  hash: string;
  /** Milliseconds until it expires, by the database's clock. */
  validFor: number;
}

/** All codes that can be used now: at most 1,000. */
export async function consoleLinksValid(database: Database): Promise<ValidLink[]> {
  const { rows } = await sql<{ hash: string; valid_for: number }>`
    SELECT encode(code_hash, 'hex') AS hash, extract(epoch FROM expires_at - now())::float8 * 1000 AS valid_for
    FROM console_link WHERE used_at IS NULL AND expires_at > now()`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map(({ hash, valid_for: validFor }) => ({ hash, validFor }));
}
