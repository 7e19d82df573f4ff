/** Distinct agent runs that one generation is handed to. The next one is not: the server ends the generation. */
export const runsPerGeneration = 3;

/** Why the server ends a generation that too many runs began. */
export const runsExhausted = "three agents began, none reported";

/**
 * How an entry stands, as the last SELECT of both statements says it: 0 the session is dead, 1 not authenticated,
 * 2 authenticated.
 */
export const entryState = { sessionDead: 0, unauthenticated: 1, authenticated: 2 } as const;

/** One row an input, in this order. */
export type HeartbeatRow = [
  /** Number of the input, from 1. */
  number: number,
  state: number,
  /** The pending generation, or null. */
  generation: bigint | null,
  /** Its request's bytes, unless they were not to be read. */
  raw: Uint8Array | null,
  /** Whether this run has the request already, or is handed it by this statement. */
  handed: boolean | null,
  /** The generation that is called off, or null. */
  calledOff: bigint | null,
  /** Whether the report was of a generation that was never asked for. */
  unasked: boolean | null,
];

// A lost session must neither read nor write; the key share lock keeps it from being collected meanwhile.
const alive = `alive AS MATERIALIZED (
  SELECT FROM sessions WHERE session_id = $1 AND session_deadline > now() FOR KEY SHARE
)`;

// Sorted, so that two batches that share machines lock them in one order. Of two heartbeats the later one counts, not the
// last to commit. The bucket is 5 minutes of Unix time.
const beat = (from: string): string => `beat AS (
  INSERT INTO machine_agent_heartbeat AS t (machine_id, agent_heartbeat_at, heartbeat_bucket)
  SELECT machine_id, now(), floor(extract(epoch FROM now()) / 300)::integer FROM ${from} ORDER BY machine_id
  ON CONFLICT (machine_id) DO UPDATE SET
    agent_heartbeat_at = greatest(t.agent_heartbeat_at, excluded.agent_heartbeat_at),
    heartbeat_bucket = greatest(t.heartbeat_bucket, excluded.heartbeat_bucket)
)`;

// What a run may know of a generation that ended without its doing: cancelled, or ended by the server.
const calledOff = `r.generation = q.generation AND (r.result = 'cancelled' OR r.reported_by = 'system')`;

/**
 * Heartbeats that only say "I am here": authenticate, record, look up the request. Without `beats` nothing is recorded:
 * that is how a server looks after a waiting agent's request, which is no sign of the agent's life. A request that this run was not handed
 * yet comes back as not handed: handing it out takes the machine's lock, see {@link reportingStatement}.
 * $1 session, $2 machine ids, $3 keys, $4 runs, $5 whether to read the request's bytes.
 */
export const plainStatement = (beats: boolean): string => `
WITH ${alive},
entry AS MATERIALIZED (
  SELECT i.n, i.machine_id, i.run, EXISTS (SELECT FROM alive) AS alive, s.machine_id AS known
  FROM unnest($2::uuid[], $3::bytea[], $4::bytea[]) WITH ORDINALITY AS i (machine_id, public_key, run, n)
  LEFT JOIN machine_agent_started s
    ON s.machine_id = i.machine_id AND s.agent_public_key = i.public_key AND EXISTS (SELECT FROM alive)
),
${beat(`entry WHERE known IS NOT NULL AND ${beats}`)}
SELECT e.n::integer,
  CASE WHEN NOT e.alive THEN 0 WHEN e.known IS NULL THEN 1 ELSE 2 END,
  CASE WHEN installation_pending(q.generation, r.generation) THEN q.generation END,
  CASE WHEN installation_pending(q.generation, r.generation) AND $5 THEN q.os_installation_request_raw END,
  CASE WHEN installation_pending(q.generation, r.generation) THEN EXISTS (
    SELECT FROM machine_os_installation_run u
    WHERE u.machine_id = e.machine_id AND u.generation = q.generation AND u.run = e.run
  ) END,
  CASE WHEN ${calledOff} THEN q.generation END,
  NULL::boolean
FROM entry e
LEFT JOIN machine_os_installation_request q ON q.machine_id = e.known
LEFT JOIN machine_os_installation_report r ON r.machine_id = q.machine_id`;

/**
 * Locks the machines of authenticated entries, in order: whoever decides about a machine's installation does. A stranger
 * who names a machine locks nothing. $1 machine ids, $2 keys.
 */
export const lockStatement = `
SELECT m.machine_id FROM machines m
WHERE m.machine_id IN (
  SELECT i.machine_id FROM unnest($1::uuid[], $2::bytea[]) AS i (machine_id, public_key)
  JOIN machine_agent_started s ON s.machine_id = i.machine_id AND s.agent_public_key = i.public_key
)
ORDER BY m.machine_id FOR NO KEY UPDATE`;

/**
 * Heartbeats that carry a report, or first hand a request to a run. Their machines are locked by {@link lockStatement}, in
 * the same transaction, so that this statement's snapshot is newer than all that was decided about them.
 *
 * All parts see that one snapshot and none of each other's writes: what is pending afterwards is therefore computed from
 * the incoming report and the stored one.
 *
 * $1 session, $2 machine ids, $3 keys, $4 runs, $5 whether to read the request's bytes, $6 has a run id,
 * $7 hardware report, $8 its fingerprint, $9 reported generation, $10 result, $11 error, $12 the report's bytes,
 * $13 the generation that may be handed out now, having been found readable, $14 whether it is a sign of the agent's life,
 * $15 the machines that were locked. An entry whose key was bound only after the locking must come again: as if the session
 * were dead.
 */
export const reportingStatement = `
WITH ${alive},
found AS MATERIALIZED (
  SELECT i.*,
    EXISTS (SELECT FROM alive) AND (s.machine_id IS NULL OR m.machine_id IS NOT NULL) AS alive,
    m.machine_id AS known_machine,
    left(encode(i.public_key, 'hex'), 16) AS actor,
    m.last_generation,
    q.generation AS asked,
    q.os_installation_request_raw AS asked_raw,
    q.digest,
    installation_pending(q.generation, r.generation) AS was_pending,
    coalesce(installation_pending(q.generation, r.generation) AND i.reported = q.generation, false) AS counts,
    coalesce(${calledOff}, false) AS called_off,
    EXISTS (
      SELECT FROM machine_os_installation_run u
      WHERE u.machine_id = m.machine_id AND u.generation = q.generation AND u.run = i.run
    ) AS known,
    (
      SELECT count(*) FROM machine_os_installation_run u
      WHERE u.machine_id = m.machine_id AND u.generation = q.generation
    ) AS runs
  FROM unnest(
    $2::uuid[], $3::bytea[], $4::bytea[], $6::boolean[], $7::bytea[], $8::bytea[],
    $9::bigint[], $10::text[], $11::text[], $12::bytea[], $13::bigint[], $14::boolean[]
  ) WITH ORDINALITY AS i (
    machine_id, public_key, run, has_run_id, hardware_raw, hardware_fingerprint,
    reported, result, error, report_raw, offered, beats, n
  )
  LEFT JOIN machine_agent_started s
    ON s.machine_id = i.machine_id AND s.agent_public_key = i.public_key AND EXISTS (SELECT FROM alive)
  LEFT JOIN machines m ON m.machine_id = s.machine_id AND m.machine_id = ANY ($15::uuid[])
  LEFT JOIN machine_os_installation_request q ON q.machine_id = m.machine_id
  LEFT JOIN machine_os_installation_report r ON r.machine_id = m.machine_id
),
answer AS MATERIALIZED (
  SELECT f.*,
    f.was_pending AND NOT f.counts AND NOT f.known AND f.offered IS NOT DISTINCT FROM f.asked
      AND f.runs < ${runsPerGeneration} AS hands,
    f.was_pending AND NOT f.counts AND NOT f.known AND f.offered IS NOT DISTINCT FROM f.asked
      AND f.runs >= ${runsPerGeneration} AS exhausts,
    -- Of a report that does not count: whether its generation was ever asked for.
    CASE WHEN f.known_machine IS NOT NULL AND f.reported IS NOT NULL AND NOT f.counts THEN
      f.reported <= f.last_generation AND EXISTS (
        SELECT FROM history h
        WHERE h.machine_id = f.machine_id AND h.generation = f.reported AND h.event = 'installation_requested'
      )
    END AS was_asked
  FROM found f
),
entry AS MATERIALIZED (SELECT * FROM answer WHERE known_machine IS NOT NULL),
${beat("entry WHERE beats")},
hardware AS MATERIALIZED (
  SELECT e.machine_id, e.actor, e.hardware_raw, e.hardware_fingerprint, h.report_number, h.hardware_reported_at,
    h.hardware_report_raw AS earlier_raw, h.hardware_report_fingerprint AS earlier_fingerprint
  FROM entry e LEFT JOIN machine_hardware_report h ON h.machine_id = e.machine_id
  WHERE e.hardware_raw IS NOT NULL AND h.hardware_report_fingerprint IS DISTINCT FROM e.hardware_fingerprint
),
hardware_earlier AS (
  INSERT INTO machine_hardware_report_earlier (
    machine_id, report_number, hardware_reported_at, hardware_report_fingerprint, hardware_report_raw
  )
  SELECT machine_id, report_number, hardware_reported_at, earlier_fingerprint, earlier_raw
  FROM hardware WHERE report_number IS NOT NULL
),
-- With the new one and the one that it puts behind it, 20 are kept.
hardware_trimmed AS (
  DELETE FROM machine_hardware_report_earlier o USING hardware h
  WHERE o.machine_id = h.machine_id AND o.report_number <= h.report_number - 19
),
hardware_latest AS (
  INSERT INTO machine_hardware_report AS t (
    machine_id, report_number, hardware_reported_at, hardware_report_fingerprint, hardware_report_raw
  )
  SELECT machine_id, coalesce(report_number, 0) + 1, now(), hardware_fingerprint, hardware_raw FROM hardware
  ON CONFLICT (machine_id) DO UPDATE SET
    report_number = excluded.report_number, hardware_reported_at = excluded.hardware_reported_at,
    hardware_report_fingerprint = excluded.hardware_report_fingerprint,
    hardware_report_raw = excluded.hardware_report_raw
),
final AS (
  INSERT INTO machine_os_installation_report AS t (
    machine_id, generation, result, error, os_installation_report_raw, reported_by, reported_at
  )
  SELECT machine_id, asked, CASE WHEN counts THEN result ELSE 'error' END,
    CASE WHEN counts THEN error ELSE '${runsExhausted}' END,
    CASE WHEN counts THEN report_raw END, CASE WHEN counts THEN 'agent' ELSE 'system' END, now()
  FROM entry WHERE counts OR exhausts
  ON CONFLICT (machine_id) DO UPDATE SET
    generation = excluded.generation, result = excluded.result, error = excluded.error,
    os_installation_report_raw = excluded.os_installation_report_raw, reported_by = excluded.reported_by,
    reported_at = excluded.reported_at
  WHERE t.generation < excluded.generation
  RETURNING t.machine_id, t.generation, t.result, t.error, t.reported_by
),
installed AS (
  INSERT INTO machine_os_installed AS t (machine_id, generation, digest, installed_at)
  SELECT f.machine_id, f.generation, e.digest, now()
  FROM final f JOIN entry e ON e.machine_id = f.machine_id WHERE f.result = 'success'
  ON CONFLICT (machine_id) DO UPDATE SET
    generation = excluded.generation, digest = excluded.digest, installed_at = excluded.installed_at
),
handed AS (
  INSERT INTO machine_os_installation_run (machine_id, generation, run)
  SELECT machine_id, asked, run FROM entry WHERE hands
),
-- An agent of the original writes to the disk without asking again.
uninstalled AS (
  DELETE FROM machine_os_installed t USING entry e
  WHERE t.machine_id = e.machine_id AND e.hands AND NOT e.has_run_id
  RETURNING t.machine_id, t.generation
),
told AS (
  INSERT INTO history (machine_id, actor_kind, actor, generation, event, detail)
  SELECT machine_id, 'agent', actor, NULL, 'hardware_reported', '{}' FROM hardware
  UNION ALL
  SELECT f.machine_id, f.reported_by, CASE f.reported_by WHEN 'agent' THEN e.actor ELSE 'farrier' END, f.generation,
    CASE f.result WHEN 'success' THEN 'installation_succeeded' ELSE 'installation_failed' END,
    jsonb_strip_nulls(jsonb_build_object('error', f.error))
  FROM final f JOIN entry e ON e.machine_id = f.machine_id
  UNION ALL
  SELECT machine_id, 'agent', actor, asked, 'installation_handed_out',
    jsonb_build_object('run', left(encode(run, 'hex'), 16), 'runs', runs + 1)
  FROM entry WHERE hands
  UNION ALL
  SELECT u.machine_id, 'agent', e.actor, e.asked, 'installed_removed', jsonb_build_object('was', u.generation::text)
  FROM uninstalled u JOIN entry e ON e.machine_id = u.machine_id
  UNION ALL
  SELECT s.machine_id, 'agent', s.actor, s.reported, CASE WHEN s.was_asked THEN 'report_late' ELSE 'report_unasked' END,
    jsonb_strip_nulls(jsonb_build_object('result', s.result, 'error', s.error))
  FROM entry s
  WHERE s.was_asked IS NOT NULL AND CASE WHEN s.was_asked THEN NOT EXISTS (
      SELECT FROM history h WHERE h.machine_id = s.machine_id AND h.generation = s.reported AND (
        (h.event = 'installation_succeeded' AND s.result = 'success')
        OR (h.event = 'installation_failed' AND s.result = 'error')
        OR (h.event = 'report_late' AND h.detail ->> 'result' = s.result)
      )
    ) ELSE NOT EXISTS (
      SELECT FROM history h
      WHERE h.machine_id = s.machine_id AND h.generation IS NOT NULL AND h.event = 'report_unasked'
    ) END
)
SELECT a.n::integer,
  CASE WHEN NOT a.alive THEN 0 WHEN a.known_machine IS NULL THEN 1 ELSE 2 END,
  CASE WHEN a.was_pending AND NOT a.counts AND NOT a.exhausts THEN a.asked END,
  CASE WHEN a.was_pending AND NOT a.counts AND NOT a.exhausts AND $5 THEN a.asked_raw END,
  a.known OR a.hands,
  CASE WHEN (a.called_off OR a.exhausts) AND a.reported IS DISTINCT FROM a.asked THEN a.asked END,
  NOT a.was_asked
FROM answer a`;
