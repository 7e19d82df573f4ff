import {
  sessionAlive,
  calledOff,
  fetchesMirrors,
  runsExhausted,
  runsPerGeneration,
  runsRemembered,
  runsOfGeneration,
} from "./heartbeat-fragments.ts";

/**
 * Hands requests to runs, as reportingStatement does, and does nothing else. An agent waits for it, and half of the time of reportingStatement is
 * spent on opening the tables of all its parts. Only for entries with a run id whose heartbeat, if it is one, is already recorded; their
 * machines must be locked by lockStatement in the same transaction.
 * $1 session, $2 machine ids, $3 keys, $4 runs, $5 the generations that may be handed out now because they were found readable, $6 the
 * locked machines, $7 whether to read the requests' bytes. Returns one row per entry.
 */
export const handingStatement = `
WITH ${sessionAlive},
found AS MATERIALIZED (
  SELECT i.n, i.machine_id, i.run, i.offered, i.public_key, left(encode(i.public_key, 'hex'), 16) AS actor,
    EXISTS (SELECT FROM alive) AND (s.machine_id IS NULL OR m.machine_id IS NOT NULL) AS alive,
    m.machine_id AS known_machine,
    q.generation AS asked,
    q.os_installation_request_raw AS asked_raw,
    coalesce(installation_pending(q.generation, r.generation), false) AS was_pending,
    coalesce(${calledOff}, false) AS called_off,
    w.run IS NULL OR w.run = i.run OR coalesce(writer_over(w.heard_at, w.ended_at, w.power_off_at), false) AS writer_free,
    u.run IS NOT NULL AS known,
    u.replaced_at IS NOT NULL AS replaced,
    ${runsOfGeneration}
  FROM unnest($2::uuid[], $3::bytea[], $4::bytea[], $5::bigint[])
    WITH ORDINALITY AS i (machine_id, public_key, run, offered, n)
  LEFT JOIN machine_agent_started s
    ON s.machine_id = i.machine_id AND s.agent_public_key = i.public_key AND EXISTS (SELECT FROM alive)
  LEFT JOIN machines m ON m.machine_id = s.machine_id AND m.machine_id = ANY ($6::uuid[])
  LEFT JOIN machine_os_installation_request q ON q.machine_id = m.machine_id
  LEFT JOIN machine_os_installation_report r ON r.machine_id = m.machine_id
  LEFT JOIN machine_os_installation_writer w ON w.machine_id = m.machine_id AND w.generation = q.generation
  LEFT JOIN machine_os_installation_run u ON u.machine_id = m.machine_id AND u.generation = q.generation AND u.run = i.run
),
answer AS MATERIALIZED (
  SELECT f.*,
    f.was_pending AND NOT f.known AND f.offered IS NOT DISTINCT FROM f.asked
      AND CASE WHEN f.writer_free THEN f.runs < ${runsPerGeneration} ELSE f.all_runs < ${runsRemembered} END AS hands,
    f.was_pending AND NOT f.known AND f.offered IS NOT DISTINCT FROM f.asked
      AND f.writer_free AND f.runs >= ${runsPerGeneration} AS exhausts
  FROM found f
),
final AS (
  INSERT INTO machine_os_installation_report AS t (machine_id, generation, result, error, reported_by, reported_at)
  SELECT machine_id, asked, 'error', '${runsExhausted}', 'system', now() FROM answer WHERE exhausts
  ON CONFLICT (machine_id) DO UPDATE SET
    generation = excluded.generation, result = excluded.result, error = excluded.error,
    os_installation_report_raw = NULL, reported_by = excluded.reported_by, reported_at = excluded.reported_at
  WHERE t.generation < excluded.generation
  RETURNING t.machine_id, t.generation, t.error
),
handed AS (
  INSERT INTO machine_os_installation_run (machine_id, generation, run, counted)
  SELECT machine_id, asked, run, writer_free FROM answer WHERE hands
),
told AS (
  INSERT INTO history (machine_id, actor_kind, actor, generation, event, detail)
  SELECT machine_id, 'system', 'farrier', generation, 'installation_failed', jsonb_build_object('error', error) FROM final
  UNION ALL
  SELECT machine_id, 'agent', actor, asked, 'installation_handed_out',
    jsonb_build_object('run', left(encode(run, 'hex'), 16), 'runs', runs + CASE WHEN writer_free THEN 1 ELSE 0 END)
  FROM answer WHERE hands
)
SELECT n::integer,
  CASE WHEN NOT alive THEN 0 WHEN known_machine IS NULL THEN 1 ELSE 2 END,
  CASE WHEN was_pending AND NOT exhausts AND NOT replaced THEN asked END,
  CASE WHEN was_pending AND NOT exhausts AND NOT replaced AND $7 THEN asked_raw END,
  known OR hands,
  CASE WHEN replaced AND was_pending OR called_off OR exhausts THEN asked END,
  NULL::boolean,
  false,
  CASE WHEN was_pending AND NOT exhausts AND NOT replaced AND (known OR hands) THEN ${fetchesMirrors("answer")} END
FROM answer`;
