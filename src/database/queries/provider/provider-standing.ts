import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import type { SessionId } from "../../ids.ts";
import { transact } from "../../transaction.ts";

/** A provider that a shepherd is configured with. */
export interface ConfiguredProvider {
  name: string;
  type: string;
  power: boolean;
  autostart: boolean;
  /** The address by which its machines' controllers fetch boot media; absent = as the server of boot media says. */
  mediaUrl?: string | undefined;
  /** SHA-256 of its settings. */
  digest: Uint8Array;
}

/** Who looks at a provider. */
export interface Standing {
  provider: string;
  /** It is this session. */
  own: boolean;
  /** The settings of the session that looks at it are the same as this one's. */
  same: boolean;
}

/** The file of providers that a shepherd follows. */
export interface ProvidersFileNote {
  file: string;
  /** Why its newest version is not in force. */
  problem?: string | undefined;
}

/**
 * Records the providers of a shepherd under its session, and takes those that no live session looks at. What it had before
 * and has no more is given back.
 * @throws {DatabaseError} `session_lost`, `unavailable`
 */
export async function providersStand(
  database: Database,
  session: { id: SessionId },
  configured: readonly ConfiguredProvider[],
  file: ProvidersFileNote | undefined,
): Promise<Standing[]> {
  const input = JSON.stringify(
    configured.map(({ name, type, power, autostart, mediaUrl, digest }) => ({
      ...{ name, type, power, autostart, media_url: mediaUrl },
      digest: Buffer.from(digest).toString("hex"),
    })),
  );
  return transact(database, session, async (tx) => {
    await sql`
      WITH input AS (
        SELECT * FROM jsonb_to_recordset(${input}::jsonb) AS t (name text, type text, digest text)
      ), over AS (
        DELETE FROM session_provider s WHERE s.session_id = ${session.id}
          AND NOT EXISTS (SELECT FROM input i WHERE i.name = s.provider)
      ), freed AS (
        UPDATE provider p SET session_id = NULL, settings_digest = NULL, autostart = false, media_url = NULL WHERE p.session_id = ${session.id}
          AND NOT EXISTS (SELECT FROM input i WHERE i.name = p.provider)
      )
      INSERT INTO session_provider AS s (session_id, provider, provider_type, settings_digest)
      SELECT ${session.id}, i.name, i.type, decode(i.digest, 'hex') FROM input i
      ON CONFLICT (session_id, provider) DO UPDATE SET
        provider_type = excluded.provider_type, settings_digest = excluded.settings_digest
      WHERE s.settings_digest <> excluded.settings_digest`.execute(tx);
    // A session past its deadline is as good as gone, though nobody may have deleted it yet.
    await sql`
      INSERT INTO provider AS p (provider, power, provider_type, session_id, settings_digest, autostart, media_url)
      SELECT i.name, i.power, i.type, ${session.id}, decode(i.digest, 'hex'), i.autostart, i.media_url
      FROM jsonb_to_recordset(${input}::jsonb)
        AS i (name text, type text, power boolean, autostart boolean, media_url text, digest text)
      ORDER BY i.name
      ON CONFLICT (provider) DO UPDATE SET
        power = excluded.power, provider_type = excluded.provider_type, session_id = excluded.session_id,
        settings_digest = excluded.settings_digest, autostart = excluded.autostart, media_url = excluded.media_url
      WHERE (p.session_id = ${session.id} AND p.settings_digest IS DISTINCT FROM excluded.settings_digest)
        OR NOT EXISTS (SELECT FROM sessions s WHERE s.session_id = p.session_id AND s.session_deadline > now())`.execute(
      tx,
    );
    await fileNote(tx, session.id, file);
    const { rows } = await sql<Standing>`
      SELECT p.provider, p.session_id = ${session.id} AS own, p.settings_digest = decode(i.digest, 'hex') AS same
      FROM jsonb_to_recordset(${input}::jsonb) AS i (name text, digest text)
      JOIN provider p ON p.provider = i.name`.execute(tx);
    return rows;
  });
}

async function fileNote(
  tx: Parameters<Parameters<typeof transact>[2]>[0],
  session: SessionId,
  file: ProvidersFileNote | undefined,
): Promise<void> {
  if (file === undefined) {
    return;
  }
  const problem = file.problem ?? null;
  await sql`
    INSERT INTO session_providers_file AS f (session_id, providers_file, problem, problem_since)
    VALUES (${session}, ${file.file}, ${problem}, CASE WHEN ${problem}::text IS NOT NULL THEN now() END)
    ON CONFLICT (session_id) DO UPDATE SET problem = excluded.problem,
      problem_since = CASE WHEN excluded.problem IS NOT NULL THEN coalesce(f.problem_since, now()) END
    WHERE f.problem IS DISTINCT FROM excluded.problem`.execute(tx);
}
