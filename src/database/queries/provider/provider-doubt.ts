import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";
import { secretsCommandOnce, type SecretsCommand } from "../secret/secrets-command.ts";

/** What is not believed of a machine. */
export type DoubtKind = "gone" | "changed";

/** The machines of a provider of which an operator has accepted what its list says, and what. @throws {DatabaseError} `unavailable` */
export async function doubtsAccepted(database: Database, provider: string): Promise<ReadonlyMap<MachineId, DoubtKind>> {
  const { rows } = await sql<{ machine_id: MachineId; doubt: DoubtKind }>`
    SELECT machine_id, doubt FROM machine_doubted WHERE provider = ${provider} AND accepted_at IS NOT NULL`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return new Map(rows.map((row) => [row.machine_id, row.doubt]));
}

/**
 * Writes of which machines the provider's list is not believed, and so whether the provider's work stops; none = it goes
 * on. What is accepted stays accepted as long as it is listed the same.
 */
export async function doubtsWrite(
  tx: Tx,
  provider: string,
  { cause, doubts }: { cause: string | undefined; doubts: readonly { machineId: MachineId; doubt: DoubtKind }[] },
): Promise<void> {
  const input = JSON.stringify(doubts.map(({ machineId, doubt }) => ({ machine_id: machineId, doubt })));
  await sql`
    WITH input AS (SELECT * FROM jsonb_to_recordset(${input}::jsonb) AS t (machine_id uuid, doubt text)), over AS (
      DELETE FROM machine_doubted d WHERE d.provider = ${provider}
        AND NOT EXISTS (SELECT FROM input i WHERE i.machine_id = d.machine_id AND i.doubt = d.doubt)
    )
    INSERT INTO machine_doubted (machine_id, provider, doubt)
    SELECT i.machine_id, ${provider}, i.doubt FROM input i
    WHERE NOT EXISTS (SELECT FROM machine_doubted d WHERE d.machine_id = i.machine_id AND d.doubt = i.doubt)
    ON CONFLICT (machine_id) DO UPDATE SET
      provider = excluded.provider, doubt = excluded.doubt, doubted_at = now(), accepted_at = NULL, accepted_by = NULL`.execute(
    tx,
  );
  await sql`
    UPDATE provider SET held_cause = ${cause ?? null}::text,
      held_since = CASE WHEN ${cause ?? null}::text IS NOT NULL THEN coalesce(held_since, now()) END
    WHERE provider = ${provider} AND held_cause IS DISTINCT FROM ${cause ?? null}::text`.execute(tx);
}

/**
 * Ends the doubts of providers that nobody lists any more, once an operator has accepted them all: no list would.
 * @throws {DatabaseError} `unavailable`
 */
export async function doubtsRelease(database: Database, providers: readonly string[]): Promise<void> {
  await sql`
    WITH released AS (
      UPDATE provider p SET held_since = NULL, held_cause = NULL
      WHERE p.provider = ANY (${providers}::text[]) AND p.held_since IS NOT NULL
        AND NOT EXISTS (SELECT FROM machine_doubted d WHERE d.provider = p.provider AND d.accepted_at IS NULL)
      RETURNING p.provider
    ) DELETE FROM machine_doubted d USING released r WHERE d.provider = r.provider`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}

/**
 * Accepts what a provider's list says of the machines that are doubted now, once per request id; resolves to their numbers.
 * @throws {DatabaseError} `not_found`; `refused` if nothing is doubted; `request_id_reused`; `unavailable`
 */
export async function providerAccept(
  database: Database,
  command: SecretsCommand & { provider: string; acceptedBy: string },
): Promise<{ gone: number; changed: number }> {
  const { provider } = command;
  const answer = await secretsCommandOnce(database, command, async (tx) => {
    const { rows } = await sql<{ doubt: DoubtKind; number: number }>`
      WITH accepted AS (
        UPDATE machine_doubted SET accepted_at = now(), accepted_by = ${command.acceptedBy}
        WHERE provider = ${provider} AND accepted_at IS NULL RETURNING doubt
      ) SELECT doubt, count(*)::integer AS number FROM accepted GROUP BY doubt`.execute(tx);
    if (rows.length === 0) {
      throw await nothingToAccept(tx, provider);
    }
    const number = (kind: DoubtKind): string => String(rows.find(({ doubt }) => doubt === kind)?.number ?? 0);
    return { gone: number("gone"), changed: number("changed") };
  });
  return { gone: Number(answer["gone"]), changed: Number(answer["changed"]) };
}

async function nothingToAccept(tx: Tx, provider: string): Promise<DatabaseError> {
  const { rows } = await sql`SELECT FROM provider WHERE provider = ${provider}`.execute(tx);
  return rows.length === 0
    ? new DatabaseError(
        "not_found",
        `there is no provider "${provider}": \`farrier provider list\` shows all that there are`,
      )
    : new DatabaseError(
        "refused",
        `everything that provider ${provider} lists is believed: there is nothing to accept`,
      );
}
