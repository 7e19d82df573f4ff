import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import { tokenLive, tokenRecord, tokensWhere, type TokenCursor, type TokenRecord } from "./token-record.ts";

/** Tokens, newest first; with a cursor only earlier ones. `all` includes revoked and expired tokens. */
export async function tokenList(
  database: Database,
  page: { all: boolean; limit: number; after?: TokenCursor },
): Promise<(TokenRecord & { cursor: TokenCursor })[]> {
  const conditions = [
    page.all ? sql`true` : tokenLive,
    page.after === undefined
      ? sql`true`
      : sql`(created_at, token_id) <
          ('epoch'::timestamptz + ${page.after.atMicroseconds} * interval '1 microsecond', ${page.after.id}::uuid)`,
  ];
  const rows = await tokensWhere(database.kysely, sql.join(conditions, sql` AND `), page.limit).catch(
    (error: unknown) => Promise.reject(translate(error)),
  );
  return rows.map((row) => ({
    ...tokenRecord(row),
    cursor: { atMicroseconds: row.created_microseconds, id: row.token_id },
  }));
}
