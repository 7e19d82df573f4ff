/** Maximum number of distinct agent runs that get one generation. At the next one the server ends the generation. */
export const runsPerGeneration = 3;

/**
 * Maximum number of runs that get a generation while another run is its writer. They do not count towards {@link
 * runsPerGeneration}, but are limited too.
 */
export const runsRemembered = 16;

/** The error with which the server ends a generation that too many runs began. */
export const runsExhausted = "three agents began, none reported";

/**
 * The status of an entry in the last SELECT of both statements: 0 the session is dead, 1 not authenticated, 2
 * authenticated.
 */
export const entryState = { sessionDead: 0, unauthenticated: 1, authenticated: 2 } as const;

/**
 * One row per input, with these columns. The statements of plain heartbeats and of looks leave out inputs that are authenticated and have
 * nothing to hear, and end with a row of number 0 whose state is the number of inputs.
 */
export type HeartbeatRow = [
  /** The input's number, from 1. */
  number: number,
  state: number,
  /** The pending generation, or null. */
  generation: bigint | null,
  /** The request's bytes, unless they were not to be read. */
  raw: Uint8Array | null,
  /** Whether this run has the request already, or gets it by this statement. */
  handed: boolean | null,
  /** The generation that is called off, or null. */
  calledOff: bigint | null,
  /** Whether the report was about a generation that was never requested. */
  unasked: boolean | null,
  /** Whether the call showed that two live agents have this key. */
  duplicate: boolean,
  /** Whether the agent that the request is handed to fetches from mirrors; null if none is handed out. */
  mirrors: boolean | null,
];

/** How many runs got the pending generation `q` of the machine `m`: those that count, and all. */
export const runsOfGeneration = `(
      SELECT count(*) FROM machine_os_installation_run u
      WHERE u.machine_id = m.machine_id AND u.generation = q.generation AND u.counted
    ) AS runs,
    (
      SELECT count(*) FROM machine_os_installation_run u
      WHERE u.machine_id = m.machine_id AND u.generation = q.generation
    ) AS all_runs`;

/** A lost session must neither read nor write. The FOR KEY SHARE lock prevents the session's deletion meanwhile. */
export const sessionAlive = `alive AS MATERIALIZED (
  SELECT FROM sessions WHERE session_id = $1 AND session_deadline > now() FOR KEY SHARE
)`;

/**
 * Sorted, so that two batches with common machines lock them in the same order. Of two heartbeats the later one counts,
 * not the last to commit. The bucket is 5 minutes of Unix time. If a caller calls again after another caller did, both
 * are alive.
 */
export const beat = (from: string): string => `beat AS (
  INSERT INTO machine_agent_heartbeat AS t (machine_id, agent_heartbeat_at, heartbeat_bucket, caller)
  SELECT machine_id, now(), floor(extract(epoch FROM now()) / 300)::integer, caller FROM ${from} ORDER BY machine_id
  ON CONFLICT (machine_id) DO UPDATE SET
    agent_heartbeat_at = greatest(t.agent_heartbeat_at, excluded.agent_heartbeat_at),
    heartbeat_bucket = greatest(t.heartbeat_bucket, excluded.heartbeat_bucket),
    caller = excluded.caller,
    caller_before = CASE WHEN t.caller = excluded.caller THEN t.caller_before ELSE t.caller END,
    duplicate_at = CASE WHEN t.caller <> excluded.caller AND t.caller_before = excluded.caller
      THEN now() ELSE t.duplicate_at END
)`;

/**
 * The same for agents with an earlier heartbeat, which are nearly all: an upsert locks each row before it changes it, which writes half as
 * much WAL again. A key that was replaced while this waited for the row is not heard: the replacement has set the bucket to 0.
 */
export const beatAgain = `beat_again AS (
  UPDATE machine_agent_heartbeat t SET
    agent_heartbeat_at = greatest(t.agent_heartbeat_at, now()),
    heartbeat_bucket = greatest(t.heartbeat_bucket, floor(extract(epoch FROM now()) / 300)::integer),
    caller = e.caller,
    caller_before = CASE WHEN t.caller = e.caller THEN t.caller_before ELSE t.caller END,
    duplicate_at = CASE WHEN t.caller <> e.caller AND t.caller_before = e.caller THEN now() ELSE t.duplicate_at END
  FROM (SELECT machine_id, caller, unheard FROM entry WHERE beat_before ORDER BY machine_id) e
  WHERE t.machine_id = e.machine_id AND (t.heartbeat_bucket <> 0 OR e.unheard)
)`;

/** For an entry i and the previous heartbeat h: whether they show that there are two agents. */
export const alternates = `coalesce(h.caller <> i.caller AND h.caller_before = i.caller, false)`;
/** Recorded once an hour. */
export const duplicateTold = `
  SELECT machine_id, 'agent', left(encode(public_key, 'hex'), 16), NULL::bigint, 'agent_duplicate',
    jsonb_build_object('seen', 'alternating', 'run', left(encode(run, 'hex'), 16))
  FROM entry WHERE duplicate AND (duplicate_at IS NULL OR duplicate_at < now() - interval '1 hour')`;

/**
 * Whether the agent of the entry `i` fetches from mirrors. A subquery with one value: it is always read by index, and an
 * EXISTS may be planned as a scan.
 */
export const fetchesMirrors = (i: string): string => `coalesce((
    SELECT 'mirror' = ANY (f.features) FROM machine_agent_features f
    WHERE f.machine_id = ${i}.machine_id AND f.agent_public_key = ${i}.public_key
  ), false)`;

/** Whether a run must stop a generation that ended without its doing: cancelled, or ended by the server. */
export const calledOff = `r.generation = q.generation AND (r.result = 'cancelled' OR r.reported_by = 'system')`;
