import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import type { TokenId } from "../../ids.ts";

/** Records that a token was used, unless that was recorded in the last five minutes. */
export async function tokenUsed(database: Database, id: TokenId): Promise<void> {
  await sql`
    UPDATE operator_token SET last_used_at = now()
    WHERE token_id = ${id} AND (last_used_at IS NULL OR last_used_at < now() - interval '5 minutes')`.execute(
    database.kysely,
  );
}
