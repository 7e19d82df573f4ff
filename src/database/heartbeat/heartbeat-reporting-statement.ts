import {
  sessionAlive,
  alternates,
  beat,
  calledOff,
  duplicateTold,
  fetchesMirrors,
  runsExhausted,
  runsPerGeneration,
  runsRemembered,
  runsOfGeneration,
} from "./heartbeat-fragments.ts";

/**
 * True if an agent may add another such entry to its machine's history: fewer than `most` are from the last 24 hours.
 * History is kept for ever, and an agent's reports are not limited by operators' requests.
 */
const historyRoom = (machine: string, event: "report_unasked" | "hardware_reported", most: number): string => `(
  SELECT count(*) FROM (
    SELECT FROM history h
    WHERE h.machine_id = ${machine} AND h.at > now() - interval '24 hours' AND h.event = '${event}' LIMIT ${most}
  ) lately
) < ${most}`;

/**
 * Locks the machines of authenticated entries in order, as all decisions about a machine's installation do. A stranger
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
 * Heartbeats that carry a report, or hand a request to a run for the first time. {@link lockStatement} has locked their
 * machines in the same transaction, so this statement's snapshot is newer than every decision about them.
 *
 * All parts see that one snapshot and none of each other's writes. So the pending state afterwards is computed from
 * both the incoming and the stored report.
 *
 * $1 session, $2 machine ids, $3 keys, $4 runs, $5 whether to read the request's bytes, $6 has a run id, $7 hardware
 * report, $8 its fingerprint, $9 reported generation, $10 result, $11 error, $12 the report's bytes, $13 the generation
 * that may be handed out now because it was found readable, $14 whether it is a sign of the agent's life, $15 the
 * locked machines, $16 callers, $17 the run that the report is about, $18 a dead run of the same host, $19 the agent's
 * features as JSON, null if not reported. An entry whose key was bound only after the locking must be repeated, as if
 * the session were dead.
 */
export const reportingStatement = `
WITH ${sessionAlive},
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
    -- While a generation has a writer, only the writer's result counts.
    coalesce(
      installation_pending(q.generation, r.generation) AND i.reported = q.generation
        AND (w.run IS NULL OR w.run = coalesce(i.reported_run, i.run)),
      false
    ) AS counts,
    coalesce(${calledOff}, false) AS called_off,
    w.run AS writer_run,
    w.run IS NULL OR w.run = i.run OR coalesce(w.run = i.ended_run, false)
      OR coalesce(writer_over(w.heard_at, w.ended_at, w.power_off_at), false) AS writer_free,
    ${alternates} AND i.beats AS duplicate,
    h.duplicate_at,
    EXISTS (
      SELECT FROM machine_os_installation_run u
      WHERE u.machine_id = m.machine_id AND u.generation = q.generation AND u.run = i.run
    ) AS known,
    EXISTS (
      SELECT FROM machine_os_installation_run u
      WHERE u.machine_id = m.machine_id AND u.generation = q.generation AND u.run = i.run AND u.replaced_at IS NOT NULL
    ) AS replaced,
    ${runsOfGeneration}
  FROM unnest(
    $2::uuid[], $3::bytea[], $4::bytea[], $6::boolean[], $7::bytea[], $8::bytea[],
    $9::bigint[], $10::text[], $11::text[], $12::bytea[], $13::bigint[], $14::boolean[],
    $16::bigint[], $17::bytea[], $18::bytea[], $19::jsonb[]
  ) WITH ORDINALITY AS i (
    machine_id, public_key, run, has_run_id, hardware_raw, hardware_fingerprint,
    reported, result, error, report_raw, offered, beats, caller, reported_run, ended_run, features, n
  )
  LEFT JOIN machine_agent_started s
    ON s.machine_id = i.machine_id AND s.agent_public_key = i.public_key AND EXISTS (SELECT FROM alive)
  LEFT JOIN machines m ON m.machine_id = s.machine_id AND m.machine_id = ANY ($15::uuid[])
  LEFT JOIN machine_os_installation_request q ON q.machine_id = m.machine_id
  LEFT JOIN machine_os_installation_report r ON r.machine_id = m.machine_id
  LEFT JOIN machine_os_installation_writer w ON w.machine_id = m.machine_id AND w.generation = q.generation
  LEFT JOIN machine_agent_heartbeat h ON h.machine_id = m.machine_id
),
answer AS MATERIALIZED (
  SELECT f.*,
    -- Beside a writer an agent of the original must wait, for it would write at once; another one may know the request.
    f.was_pending AND NOT f.counts AND NOT f.known AND f.offered IS NOT DISTINCT FROM f.asked
      AND CASE WHEN f.writer_free THEN f.runs < ${runsPerGeneration}
        ELSE f.has_run_id AND f.all_runs < ${runsRemembered} END AS hands,
    f.was_pending AND NOT f.counts AND NOT f.known AND f.offered IS NOT DISTINCT FROM f.asked
      AND f.writer_free AND f.runs >= ${runsPerGeneration} AS exhausts,
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
-- Without the reports' and the request's bytes: an UPDATE or DELETE copies whole rows of what it is joined with.
slim AS MATERIALIZED (
  SELECT machine_id, run, asked, ended_run, beats, hands, has_run_id, writer_run,
    hardware_raw IS NOT NULL AND features IS NULL AS featureless
  FROM entry
),
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
-- With the new report and the previous one, 20 are kept.
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
-- What was begun is whole now.
disk_whole AS (
  DELETE FROM machine_disk_begun t USING final f WHERE t.machine_id = f.machine_id AND f.result = 'success'
),
handed AS (
  INSERT INTO machine_os_installation_run (machine_id, generation, run, counted)
  SELECT machine_id, asked, run, writer_free FROM entry WHERE hands
),
writer_told AS (
  UPDATE machine_os_installation_writer w SET
    heard_at = CASE WHEN w.run = e.run AND e.beats THEN now() ELSE w.heard_at END,
    ended_at = CASE WHEN w.run = e.ended_run THEN coalesce(w.ended_at, now()) ELSE w.ended_at END
  FROM slim e
  WHERE w.machine_id = e.machine_id AND w.generation = e.asked AND (w.run = e.run OR w.run = e.ended_run)
    AND NOT (e.hands AND NOT e.has_run_id)
),
-- A run that is known to be dead writes no more, also where a call of it is still on its way: it would become the
-- writer, or go on as the writer, after its end was reported.
run_ended AS (
  UPDATE machine_os_installation_run u SET replaced_at = now() FROM slim e
  WHERE u.machine_id = e.machine_id AND u.generation = e.asked AND u.run = e.ended_run AND u.replaced_at IS NULL
),
-- An agent of the original is the writer with the request in its hands.
writer_handed AS (
  INSERT INTO machine_os_installation_writer (machine_id, generation, run, agent_public_key)
  SELECT machine_id, asked, run, public_key FROM entry WHERE hands AND NOT has_run_id
  ON CONFLICT (machine_id) DO UPDATE SET
    generation = excluded.generation, run = excluded.run, agent_public_key = excluded.agent_public_key,
    writing_since = now(), heard_at = now(), ended_at = NULL, power_off_at = NULL,
    rival_run = NULL, rival_public_key = NULL, rival_at = NULL, rival_told_at = NULL
),
writer_replaced AS (
  UPDATE machine_os_installation_run u SET replaced_at = now() FROM slim e
  WHERE e.hands AND NOT e.has_run_id AND u.machine_id = e.machine_id AND u.generation = e.asked AND u.run = e.writer_run
),
disk_begun AS (
  INSERT INTO machine_disk_begun AS d (machine_id, generation)
  SELECT machine_id, asked FROM entry WHERE hands AND NOT has_run_id
  ON CONFLICT (machine_id) DO UPDATE SET generation = excluded.generation, begun_at = now()
  WHERE d.generation <> excluded.generation
),
features_told AS (
  INSERT INTO machine_agent_features AS t (machine_id, agent_public_key, features)
  SELECT machine_id, public_key, ARRAY(SELECT jsonb_array_elements_text(e.features)) FROM entry e WHERE features IS NOT NULL
  ON CONFLICT (machine_id) DO UPDATE SET agent_public_key = excluded.agent_public_key, features = excluded.features
  WHERE (t.agent_public_key, t.features) IS DISTINCT FROM (excluded.agent_public_key, excluded.features)
),
-- An agent that starts and names none has none.
features_gone AS (
  DELETE FROM machine_agent_features t USING slim e WHERE t.machine_id = e.machine_id AND e.featureless
),
-- An agent of the original writes to the disk without asking again.
uninstalled AS (
  DELETE FROM machine_os_installed t USING entry e
  WHERE t.machine_id = e.machine_id AND e.hands AND NOT e.has_run_id
  RETURNING t.machine_id, t.generation
),
told AS (
  INSERT INTO history (machine_id, actor_kind, actor, generation, event, detail)
  SELECT w.machine_id, 'agent', w.actor, NULL, 'hardware_reported', '{}' FROM hardware w
  WHERE ${historyRoom("w.machine_id", "hardware_reported", 200)}
  UNION ALL
  SELECT f.machine_id, f.reported_by, CASE f.reported_by WHEN 'agent' THEN e.actor ELSE 'farrier' END, f.generation,
    CASE f.result WHEN 'success' THEN 'installation_succeeded' ELSE 'installation_failed' END,
    jsonb_strip_nulls(jsonb_build_object('error', f.error))
  FROM final f JOIN entry e ON e.machine_id = f.machine_id
  UNION ALL
  SELECT machine_id, 'agent', actor, asked, 'installation_handed_out',
    jsonb_build_object('run', left(encode(run, 'hex'), 16), 'runs', runs + CASE WHEN writer_free THEN 1 ELSE 0 END)
  FROM entry WHERE hands
  UNION ALL
  SELECT machine_id, 'agent', actor, asked, 'installation_writer_replaced',
    jsonb_build_object('was', left(encode(writer_run, 'hex'), 16), 'run', left(encode(run, 'hex'), 16))
  FROM entry WHERE hands AND NOT has_run_id AND writer_run IS NOT NULL
  UNION ALL ${duplicateTold}
  UNION ALL
  SELECT u.machine_id, 'agent', e.actor, e.asked, 'installed_removed', jsonb_build_object('was', u.generation::text)
  FROM uninstalled u JOIN entry e ON e.machine_id = u.machine_id
  UNION ALL
  -- A result of another run than the writer's: once a generation and result.
  SELECT s.machine_id, 'agent', s.actor, s.reported, 'report_other_run',
    jsonb_strip_nulls(jsonb_build_object(
      'result', s.result, 'error', s.error, 'run', left(encode(coalesce(s.reported_run, s.run), 'hex'), 16)
    ))
  FROM entry s
  WHERE s.was_pending AND s.reported = s.asked AND NOT s.counts AND NOT EXISTS (
    SELECT FROM history h WHERE h.machine_id = s.machine_id AND h.generation = s.reported
      AND h.event = 'report_other_run' AND h.detail ->> 'result' = s.result
  )
  UNION ALL
  SELECT s.machine_id, 'agent', s.actor, s.reported, CASE WHEN s.was_asked THEN 'report_late' ELSE 'report_unasked' END,
    jsonb_strip_nulls(jsonb_build_object('result', s.result, 'error', s.error))
  FROM entry s
  WHERE s.was_asked IS NOT NULL AND NOT (s.was_pending AND s.reported = s.asked) AND CASE WHEN s.was_asked THEN NOT EXISTS (
      SELECT FROM history h WHERE h.machine_id = s.machine_id AND h.generation = s.reported AND (
        (h.event = 'installation_succeeded' AND s.result = 'success')
        OR (h.event = 'installation_failed' AND s.result = 'error')
        OR (h.event IN ('report_late', 'report_other_run') AND h.detail ->> 'result' = s.result)
      )
    ) ELSE NOT EXISTS (
      -- The first of each generation, and of a day's no more than there is room for; the rest are counted.
      SELECT FROM history h
      WHERE h.machine_id = s.machine_id AND h.generation = s.reported AND h.event = 'report_unasked'
    ) AND ${historyRoom("s.machine_id", "report_unasked", 200)} END
)
SELECT a.n::integer,
  CASE WHEN NOT a.alive THEN 0 WHEN a.known_machine IS NULL THEN 1 ELSE 2 END,
  CASE WHEN a.was_pending AND NOT a.counts AND NOT a.exhausts AND NOT a.replaced THEN a.asked END,
  CASE WHEN a.was_pending AND NOT a.counts AND NOT a.exhausts AND NOT a.replaced AND $5 THEN a.asked_raw END,
  a.known OR a.hands,
  CASE WHEN a.replaced AND a.was_pending AND NOT a.counts
      OR (a.called_off OR a.exhausts) AND a.reported IS DISTINCT FROM a.asked THEN a.asked END,
  NOT a.was_asked AND NOT coalesce(a.was_pending AND a.reported = a.asked, false),
  a.duplicate,
  CASE WHEN a.was_pending AND NOT a.counts AND NOT a.exhausts AND NOT a.replaced AND (a.known OR a.hands)
    THEN CASE WHEN a.features IS NULL THEN ${fetchesMirrors("a")} ELSE a.features ? 'mirror' END END
FROM answer a`;
