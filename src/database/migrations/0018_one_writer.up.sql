-- oldest-binary: 10

-- The one run that may write to a machine's disk for its current generation: the first whose WRITING was acknowledged, or an
-- agent without run ids that was handed the request. Another takes its place only once writer_over says so.
CREATE TABLE machine_os_installation_writer (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE RESTRICT,
    generation bigint NOT NULL CHECK (generation >= 1),
    -- The agent's run_id, or its key where it has none.
    run bytea NOT NULL,
    agent_public_key bytea NOT NULL,
    writing_since timestamptz NOT NULL DEFAULT now(),
    heard_at timestamptz NOT NULL DEFAULT now(),
    -- When a later run of its host said that it is dead.
    ended_at timestamptz,
    -- When the machine's power was last seen off; it counts while it is later than heard_at.
    power_off_at timestamptz,
    -- The run that was last refused WRITING because of this one, and when; rival_told_at is the last entry in history.
    rival_run bytea,
    rival_public_key bytea,
    rival_at timestamptz,
    rival_told_at timestamptz
) WITH (fillfactor = 60);

-- A writer that said nothing for as long as the contract gives it (90 s), while a server could have heard it, is over: by
-- then it has paused by itself.
CREATE FUNCTION writer_over(heard timestamptz, ended timestamptz, power_off timestamptz)
    RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ended IS NOT NULL OR coalesce(power_off > heard, false)
        OR (heard < now() - interval '90 seconds' AND server_alive_for('90 seconds'));

-- The agents at work when this comes: who was last heard writing goes on. All the others' WRITING waits.
INSERT INTO machine_os_installation_writer (machine_id, generation, run, agent_public_key, writing_since)
SELECT g.machine_id, g.generation, g.run, s.agent_public_key, g.writing_since
FROM machine_os_installation_progress g
JOIN machine_agent_started s ON s.machine_id = g.machine_id
JOIN machine_os_installation_request q ON q.machine_id = g.machine_id AND q.generation = g.generation
LEFT JOIN machine_os_installation_report r ON r.machine_id = g.machine_id
WHERE g.writing_since IS NOT NULL AND installation_pending(q.generation, r.generation);
INSERT INTO machine_os_installation_writer (machine_id, generation, run, agent_public_key, writing_since)
SELECT u.machine_id, u.generation, u.run, u.run, u.handed_out_at
FROM machine_os_installation_run u
JOIN machine_os_installation_request q ON q.machine_id = u.machine_id AND q.generation = u.generation
LEFT JOIN machine_os_installation_report r ON r.machine_id = u.machine_id
WHERE octet_length(u.run) = 32 AND installation_pending(q.generation, r.generation)
ORDER BY u.handed_out_at DESC
ON CONFLICT DO NOTHING;

ALTER TABLE machine_os_installation_run
    -- False: it was handed the request while another run was the writer, and uses up none of the three runs.
    ADD COLUMN counted boolean NOT NULL DEFAULT true,
    -- It was the writer, and another took its place: the generation is called off for it.
    ADD COLUMN replaced_at timestamptz;

-- A byte may have gone to the disk under this generation, and no success has followed: the disk is not to be relied on.
CREATE TABLE machine_disk_begun (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE RESTRICT,
    generation bigint NOT NULL CHECK (generation >= 1),
    begun_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO machine_disk_begun (machine_id, generation, begun_at)
SELECT g.machine_id, g.generation, g.writing_since FROM machine_os_installation_progress g
WHERE g.writing_since IS NOT NULL
    AND NOT EXISTS (SELECT FROM machine_os_installed d WHERE d.machine_id = g.machine_id);
INSERT INTO machine_disk_begun (machine_id, generation, begun_at)
SELECT w.machine_id, w.generation, w.writing_since FROM machine_os_installation_writer w
ON CONFLICT DO NOTHING;

-- What the agent is trying again; '' = nothing.
ALTER TABLE machine_os_installation_progress
    ADD COLUMN last_error text NOT NULL DEFAULT '',
    -- When the agent gives that up; absent = it does not.
    ADD COLUMN gives_up_at timestamptz;

-- What the agent that is registered can do beyond version 1 of the contract, by its own word.
CREATE TABLE machine_agent_features (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE RESTRICT,
    agent_public_key bytea NOT NULL,
    features text[] NOT NULL
);

ALTER TABLE machine_agent_heartbeat
    -- Who called last, and the different one that called before: 8 bytes of the run id, or of the connection where an agent
    -- has none.
    ADD COLUMN caller bigint,
    ADD COLUMN caller_before bigint,
    -- When one called that another had taken the place of: two live agents with one key.
    ADD COLUMN duplicate_at timestamptz;

-- Waiting agents hear that another run took their place.
CREATE TRIGGER agent_notify AFTER UPDATE ON machine_os_installation_writer
    FOR EACH ROW WHEN (NEW.run <> OLD.run) EXECUTE FUNCTION agent_notify();
-- Operators' followers hear of two agents.
CREATE TRIGGER machine_change_touch AFTER UPDATE ON machine_os_installation_writer
    FOR EACH ROW WHEN (
        NEW.run <> OLD.run OR NEW.rival_run IS DISTINCT FROM OLD.rival_run OR NEW.rival_at > OLD.rival_at + interval '1 minute'
    ) EXECUTE FUNCTION machine_change_touch();
CREATE TRIGGER machine_change_touch_duplicate AFTER UPDATE ON machine_agent_heartbeat
    FOR EACH ROW WHEN (NEW.duplicate_at > coalesce(OLD.duplicate_at, '-infinity') + interval '1 minute')
    EXECUTE FUNCTION machine_change_touch();
DROP TRIGGER machine_change_touch ON machine_os_installation_progress;
CREATE TRIGGER machine_change_touch AFTER UPDATE ON machine_os_installation_progress
    FOR EACH ROW WHEN (NEW.phase <> OLD.phase OR NEW.run <> OLD.run OR NEW.last_error <> OLD.last_error)
    EXECUTE FUNCTION machine_change_touch();
CREATE TRIGGER machine_change_touch AFTER INSERT OR UPDATE ON machine_agent_features
    FOR EACH ROW EXECUTE FUNCTION machine_change_touch();

ALTER TABLE history DROP CONSTRAINT history_event_check;
ALTER TABLE history ADD CONSTRAINT history_event_check CHECK (event IN (
    'machine_added', 'machine_updated', 'machine_deleted', 'machine_quarantined', 'machine_released',
    'machine_vanished', 'machine_returned',
    'agent_registered', 'agent_replaced', 'agent_enrolled', 'agent_lost', 'agent_duplicate',
    'boot_window_opened', 'boot_window_closed', 'boot_token_given', 'enrollment_awaiting', 'second_claimant',
    'hardware_reported',
    'installation_requested', 'installation_replaced', 'installation_handed_out', 'installation_progressed',
    'installation_writer_replaced',
    'installation_succeeded', 'installation_failed', 'installation_cancelled', 'installation_retries_stopped',
    'installed_removed', 'report_late', 'report_unasked', 'report_other_run',
    'work_claimed', 'work_finished', 'work_failed', 'work_cancelled', 'work_lost', 'backoff_cleared',
    'deadline_missed'
));

-- A request that somebody stores by SQL, as the origin's queries do, is one that was asked for: history says so too.
CREATE FUNCTION installation_request_in_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO history (machine_id, actor_kind, actor, generation, event, detail)
    SELECT NEW.machine_id, 'system', session_user, NEW.generation, 'installation_requested', '{"by": "sql"}'
    WHERE NOT EXISTS (
        SELECT FROM history h WHERE h.machine_id = NEW.machine_id AND h.generation = NEW.generation
            AND h.event = 'installation_requested'
    );
    RETURN NULL;
END
$$;
-- At the commit, when whoever stored it has written into history what is to be said.
CREATE CONSTRAINT TRIGGER installation_request_in_history AFTER INSERT OR UPDATE ON machine_os_installation_request
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION installation_request_in_history();
