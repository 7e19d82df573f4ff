import {
  sessionAlive,
  alternates,
  beat,
  beatAgain,
  calledOff,
  duplicateTold,
  fetchesMirrors,
} from "./heartbeat-fragments.ts";

// The state of each entry's request.
const looked = `looked AS MATERIALIZED (
  SELECT e.n, e.alive, e.known, e.machine_id, e.public_key, e.run, e.duplicate, q.generation, q.os_installation_request_raw AS raw,
    installation_pending(q.generation, r.generation) AS pending,
    coalesce(${calledOff}, false) AS called_off,
    -- 0: not handed to this run, 1: handed, 2: another run took its place as the writer.
    CASE WHEN installation_pending(q.generation, r.generation) THEN coalesce((
      SELECT CASE WHEN u.replaced_at IS NULL THEN 1 ELSE 2 END FROM machine_os_installation_run u
      WHERE u.machine_id = e.machine_id AND u.generation = q.generation AND u.run = e.run
    ), 0) END AS handed
  FROM entry e
  LEFT JOIN machine_os_installation_request q ON q.machine_id = e.known
  LEFT JOIN machine_os_installation_report r ON r.machine_id = q.machine_id
)`;

// One row per entry that has something to hear, and a last one with the number of entries.
const said = `
SELECT n::integer,
  CASE WHEN NOT alive THEN 0 WHEN known IS NULL THEN 1 ELSE 2 END,
  CASE WHEN pending AND handed < 2 THEN generation END,
  CASE WHEN pending AND handed < 2 AND $5 THEN raw END,
  CASE WHEN pending THEN handed = 1 END,
  CASE WHEN called_off OR handed = 2 THEN generation END,
  NULL::boolean,
  duplicate,
  CASE WHEN pending AND handed = 1 THEN ${fetchesMirrors("looked")} END
FROM looked
WHERE NOT alive OR known IS NULL OR pending OR called_off OR duplicate
UNION ALL
SELECT 0, count(*)::integer, NULL, NULL, NULL, NULL, NULL, false, NULL FROM looked`;

/**
 * Heartbeats without reports: authenticate, record, look up the request. A request that was not handed to this run yet comes back with
 * handed = false, because handing it out needs the machine's lock, see heartbeat-handing-statement.ts. A run that another run replaced as
 * the writer has its generation called off.
 * $1 session, $2 machine ids, $3 keys, $4 runs, $5 whether to read the request's bytes, $6 callers.
 */
export const plainStatement = `
WITH ${sessionAlive},
entry AS MATERIALIZED (
  SELECT i.n, i.machine_id, i.public_key, i.run, i.caller, EXISTS (SELECT FROM alive) AS alive, s.machine_id AS known,
    h.machine_id IS NOT NULL AS beat_before, h.heartbeat_bucket = 0 AS unheard, ${alternates} AS duplicate, h.duplicate_at
  FROM unnest($2::uuid[], $3::bytea[], $4::bytea[], $6::bigint[])
    WITH ORDINALITY AS i (machine_id, public_key, run, caller, n)
  LEFT JOIN machine_agent_started s
    ON s.machine_id = i.machine_id AND s.agent_public_key = i.public_key AND EXISTS (SELECT FROM alive)
  LEFT JOIN machine_agent_heartbeat h ON h.machine_id = s.machine_id
),
${looked},
${beatAgain},
${beat("entry WHERE known IS NOT NULL AND NOT beat_before")},
-- Without the request's bytes: an UPDATE copies whole rows of what it is joined with.
writing AS MATERIALIZED (SELECT known, generation, run FROM looked WHERE handed = 1),
writer_heard AS (
  UPDATE machine_os_installation_writer w SET heard_at = now() FROM writing l
  WHERE w.machine_id = l.known AND w.generation = l.generation AND w.run = l.run
),
told AS (
  INSERT INTO history (machine_id, actor_kind, actor, generation, event, detail) ${duplicateTold}
)
${said}`;

/**
 * The same answers without recording anything: the form in which a server itself checks a waiting agent's request, which is no sign of
 * the agent's life. $1 session, $2 machine ids, $3 keys, $4 runs, $5 whether to read the request's bytes.
 */
export const lookStatement = `
WITH ${sessionAlive},
entry AS MATERIALIZED (
  SELECT i.n, i.machine_id, i.public_key, i.run, EXISTS (SELECT FROM alive) AS alive, s.machine_id AS known, false AS duplicate
  FROM unnest($2::uuid[], $3::bytea[], $4::bytea[]) WITH ORDINALITY AS i (machine_id, public_key, run, n)
  LEFT JOIN machine_agent_started s
    ON s.machine_id = i.machine_id AND s.agent_public_key = i.public_key AND EXISTS (SELECT FROM alive)
),
${looked}
${said}`;
