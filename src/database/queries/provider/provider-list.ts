import { sql } from "kysely";
import { present } from "../../../lib/defined.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import type { DoubtKind } from "./provider-doubt.ts";

/** A provider as operators see it. */
export interface ProviderRecord {
  name: string;
  type: string;
  power: boolean;
  autostart: boolean;
  mediaUrl?: string;
  machines: number;
  vanished: number;
  listedAt?: Date;
  /** Host and process id of the shepherd that looks at it. */
  shepherd?: string;
  unreachable?: { since: Date; cause: string };
  held?: { since: Date; cause: string };
  problems: string[];
  /** Shepherds with other settings for it. */
  otherSettings: string[];
}

/** A machine of which a provider's list is not believed. */
export interface DoubtedRecord {
  machineId: MachineId;
  name?: string;
  providerId: string;
  doubt: DoubtKind;
  accepted: boolean;
}

interface ProviderRow {
  provider: string;
  provider_type: string | null;
  power: boolean | null;
  autostart: boolean | null;
  media_url: string | null;
  machines: number;
  vanished: number;
  listed_at: Date | null;
  shepherd: string | null;
  unreachable_since: Date | null;
  unreachable_cause: string | null;
  held_since: Date | null;
  held_cause: string | null;
  problems: string[] | null;
  other_settings: string[];
}

/**
 * The providers that are configured or have machines, by name; with `only`, that one.
 * @throws {DatabaseError} `unavailable`
 */
export async function providerList(database: Database, only?: string): Promise<ProviderRecord[]> {
  const { rows } = await sql<ProviderRow>`
    WITH RECURSIVE name AS (
      (SELECT provider FROM machine_provided ORDER BY provider LIMIT 1)
      UNION ALL
      SELECT (SELECT p.provider FROM machine_provided p WHERE p.provider > name.provider ORDER BY p.provider LIMIT 1)
      FROM name WHERE name.provider IS NOT NULL
    ), names AS (
      SELECT provider FROM name WHERE provider IS NOT NULL UNION SELECT provider FROM provider
    )
    SELECT n.provider, v.provider_type, v.power, v.autostart, v.media_url, c.machines, c.vanished, v.listed_at,
      s.session_runtime_info AS shepherd, v.unreachable_since, v.unreachable_cause, v.held_since, v.held_cause, v.problems,
      ARRAY(
        SELECT o.session_runtime_info FROM session_provider d JOIN sessions o ON o.session_id = d.session_id
        WHERE d.provider = n.provider AND o.session_deadline > now() AND d.settings_digest <> v.settings_digest
        ORDER BY o.session_runtime_info
      ) AS other_settings
    FROM names n LEFT JOIN provider v ON v.provider = n.provider
    LEFT JOIN sessions s ON s.session_id = v.session_id AND s.session_deadline > now()
    CROSS JOIN LATERAL (
      SELECT count(*)::integer AS machines, (count(*) FILTER (WHERE p.vanished_at IS NOT NULL))::integer AS vanished
      FROM machine_provided p WHERE p.provider = n.provider
    ) c
    WHERE n.provider = coalesce(${only ?? null}, n.provider)
      -- A provider that was taken out of the configuration and has no machine is none any more.
      AND (c.machines > 0 OR s.session_id IS NOT NULL OR EXISTS (
        SELECT FROM session_provider d JOIN sessions o ON o.session_id = d.session_id
        WHERE d.provider = n.provider AND o.session_deadline > now()
      ))
    ORDER BY n.provider`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map(recordOf);
}

function recordOf(row: ProviderRow): ProviderRecord {
  const {
    unreachable_since: unreachableSince,
    unreachable_cause: unreachable,
    held_since: heldSince,
    held_cause: held,
  } = row;
  return {
    name: row.provider,
    type: row.provider_type ?? "static",
    power: row.power ?? false,
    autostart: row.autostart ?? false,
    machines: row.machines,
    vanished: row.vanished,
    ...present({ listedAt: row.listed_at, shepherd: row.shepherd, mediaUrl: row.media_url }),
    ...(unreachableSince === null || unreachable === null
      ? {}
      : { unreachable: { since: unreachableSince, cause: unreachable } }),
    ...(heldSince === null || held === null ? {} : { held: { since: heldSince, cause: held } }),
    problems: row.problems ?? [],
    otherSettings: row.other_settings,
  };
}

/** One provider. @throws {DatabaseError} `not_found`; `unavailable` */
export async function providerShow(database: Database, name: string): Promise<ProviderRecord> {
  const [record] = await providerList(database, name);
  if (record === undefined) {
    throw new DatabaseError(
      "not_found",
      `there is no provider "${name}": \`farrier provider list\` shows all that there are`,
    );
  }
  return record;
}

/** The first machines of which a provider's list is not believed, and their number. @throws {DatabaseError} `unavailable` */
export async function doubtedList(
  database: Database,
  provider: string,
  limit: number,
): Promise<{ doubted: DoubtedRecord[]; count: number }> {
  const { rows } = await sql<{
    machine_id: MachineId;
    name: string | null;
    provider_id: string;
    doubt: DoubtKind;
    accepted: boolean;
    count: number;
  }>`
    SELECT d.machine_id, m.name, p.provider_id, d.doubt, d.accepted_at IS NOT NULL AS accepted,
      (count(*) OVER ())::integer AS count
    FROM machine_doubted d JOIN machines m ON m.machine_id = d.machine_id
    JOIN machine_provided p ON p.machine_id = d.machine_id
    WHERE d.provider = ${provider} ORDER BY m.name, d.machine_id LIMIT ${limit}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return {
    doubted: rows.map(({ machine_id: machineId, name, provider_id: providerId, doubt, accepted }) => ({
      ...{ machineId, providerId, doubt, accepted },
      ...present({ name }),
    })),
    count: rows[0]?.count ?? 0,
  };
}

/** Why the newest versions of shepherds' files of providers are not in force, a line each. @throws {DatabaseError} `unavailable` */
export async function providersFileProblems(database: Database): Promise<string[]> {
  const { rows } = await sql<{ shepherd: string; problem: string }>`
    SELECT s.session_runtime_info AS shepherd, f.problem FROM session_providers_file f
    JOIN sessions s ON s.session_id = f.session_id
    WHERE f.problem IS NOT NULL AND s.session_deadline > now() ORDER BY 1`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map(({ shepherd, problem }) => `${shepherd}: ${problem}`);
}
