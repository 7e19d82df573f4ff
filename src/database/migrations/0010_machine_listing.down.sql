DROP TRIGGER machine_notify ON machine_state;
DROP TRIGGER machine_change_touch ON machine_os_installation_progress;
DROP TRIGGER machine_change_touch ON machine_hardware_report;
DROP TRIGGER machine_state_touch_name ON machines;
DROP TRIGGER installation_retry_arm ON machine_os_installation_report;
DROP FUNCTION machine_state_deadline(text, timestamptz, timestamptz);
DROP FUNCTION machine_state_now(uuid);
CREATE OR REPLACE FUNCTION agent_wanted(machine uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NOT EXISTS (SELECT FROM machine_os_installed d WHERE d.machine_id = machine)
        OR EXISTS (
            SELECT FROM machine_os_installation_request q
            LEFT JOIN machine_os_installation_report r ON r.machine_id = q.machine_id
            WHERE q.machine_id = machine AND installation_pending(q.generation, r.generation)
        );
CREATE OR REPLACE FUNCTION machines_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.last_generation := greatest(NEW.last_generation, (
            SELECT t.last_generation FROM machine_tombstones t WHERE t.machine_id = NEW.machine_id
        ));
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        INSERT INTO machine_tombstones (machine_id, last_generation) VALUES (OLD.machine_id, OLD.last_generation)
        ON CONFLICT (machine_id) DO UPDATE SET
            last_generation = greatest(machine_tombstones.last_generation, excluded.last_generation),
            machine_deleted_at = now();
        RETURN OLD;
    END IF;
    IF NEW.machine_id <> OLD.machine_id THEN
        RAISE EXCEPTION 'the id of machine % can''t change', OLD.machine_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.last_generation < OLD.last_generation THEN
        RAISE EXCEPTION 'the last generation of machine % can''t go back from % to %',
            OLD.machine_id, OLD.last_generation, NEW.last_generation USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE FUNCTION machine_state_now(machine uuid)
    RETURNS TABLE (state text, not_before timestamptz, candidate text, provider text, wanted boolean)
    LANGUAGE sql STABLE
AS $$
    SELECT
        CASE
            WHEN w.process = 'ShepherdAgentStart' THEN 'starting-agent'
            WHEN w.process = 'ShepherdRecovery' THEN 'recovering'
            WHEN f.candidate IS NOT NULL AND b.backoff_until > now() THEN 'backing-off'
            WHEN f.candidate = 'ShepherdRecovery' THEN 'agent-lost'
            WHEN f.pending AND g.machine_id IS NOT NULL THEN 'installing'
            WHEN f.pending THEN 'install-pending'
            WHEN d.machine_id IS NOT NULL THEN 'installed'
            WHEN r.result IN ('error', 'cancelled') THEN 'install-failed'
            WHEN a.machine_id IS NULL THEN 'new'
            WHEN h.machine_id IS NULL THEN 'awaiting-agent'
            ELSE 'ready'
        END,
        CASE WHEN w.process IS NULL AND f.candidate IS NOT NULL AND b.backoff_until > now() THEN b.backoff_until END,
        f.candidate,
        p.provider,
        f.wanted
    FROM machines m
    LEFT JOIN machine_provided p ON p.machine_id = m.machine_id
    LEFT JOIN machine_agent_started a ON a.machine_id = m.machine_id
    LEFT JOIN machine_agent_heartbeat h ON h.machine_id = m.machine_id AND h.agent_heartbeat_at >= a.agent_started_at
    LEFT JOIN machine_os_installation_request q ON q.machine_id = m.machine_id
    LEFT JOIN machine_os_installation_report r ON r.machine_id = m.machine_id AND r.generation = q.generation
    LEFT JOIN machine_os_installation_progress g ON g.machine_id = m.machine_id AND g.generation = q.generation
    LEFT JOIN machine_os_installed d ON d.machine_id = m.machine_id
    LEFT JOIN work w ON w.machine_id = m.machine_id
    CROSS JOIN LATERAL (SELECT agent_wanted(m.machine_id) AS wanted) n
    CROSS JOIN LATERAL (
        SELECT n.wanted,
            installation_pending(q.generation, r.generation) AS pending,
            CASE
                WHEN NOT n.wanted OR p.machine_id IS NULL THEN NULL
                WHEN a.machine_id IS NULL THEN 'ShepherdAgentStart'
                WHEN agent_silent(m.machine_id) THEN 'ShepherdRecovery'
            END AS candidate
    ) f
    LEFT JOIN work_backoff b ON b.machine_id = m.machine_id AND b.process = f.candidate
    WHERE m.machine_id = machine
    ORDER BY w.process LIMIT 1
$$;
CREATE OR REPLACE FUNCTION machine_state_refresh(machine uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    next record;
BEGIN
    PERFORM FROM machine_state s WHERE s.machine_id = machine FOR NO KEY UPDATE;
    SELECT * INTO next FROM machine_state_now(machine);
    IF next.state IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO machine_state AS s (machine_id, state, not_before, candidate, provider)
    VALUES (machine, next.state, next.not_before, next.candidate, next.provider)
    ON CONFLICT (machine_id) DO UPDATE SET
        state = excluded.state, not_before = excluded.not_before, candidate = excluded.candidate,
        provider = excluded.provider, since = CASE WHEN s.state = excluded.state THEN s.since ELSE now() END
    WHERE (s.state, s.not_before, s.candidate, s.provider)
        IS DISTINCT FROM (excluded.state, excluded.not_before, excluded.candidate, excluded.provider);
    UPDATE machine_agent_heartbeat h SET agent_wanted = next.wanted
        WHERE h.machine_id = machine AND h.agent_wanted <> next.wanted;
END
$$;
CREATE OR REPLACE FUNCTION machine_state_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM machine_state_refresh(CASE WHEN TG_OP = 'DELETE' THEN OLD.machine_id ELSE NEW.machine_id END);
    RETURN NULL;
END
$$;
DROP TABLE machine_os_installation_retry;
DROP TABLE machine_quarantine;
DROP TABLE machine_state_limit;
DROP FUNCTION machine_notify();
DROP FUNCTION machine_change_touch();
DROP FUNCTION machine_changed(uuid);
DROP FUNCTION installation_retry_arm();
DROP INDEX machine_state_by_name;
DROP INDEX machine_state_by_created;
DROP INDEX machine_state_by_since;
DROP INDEX machine_state_provider;
DROP INDEX machine_state_provider_by_name;
DROP INDEX machine_state_provider_by_created;
DROP INDEX machine_state_provider_by_since;
DROP INDEX machine_state_installation;
DROP INDEX machine_state_due;
DROP INDEX machine_state_changed;
DROP INDEX machine_tombstones_deleted;
DROP INDEX machine_provided_id;
DROP INDEX machines_label_values;
ALTER TABLE machine_tombstones DROP COLUMN deleted_xact;
ALTER TABLE machine_state
    DROP COLUMN provider_state, DROP COLUMN changed_xact, DROP COLUMN requested_at, DROP COLUMN installation, DROP COLUMN machine_created_at,
    DROP COLUMN name, DROP COLUMN deadline_missed_at;
UPDATE machine_state s SET state = n.state, candidate = n.candidate
FROM machines m CROSS JOIN LATERAL machine_state_now(m.machine_id) n
WHERE m.machine_id = s.machine_id AND s.state = 'quarantined';
ALTER TABLE machine_state DROP CONSTRAINT machine_state_state_check;
ALTER TABLE machine_state ADD CONSTRAINT machine_state_state_check CHECK (state IN (
    'new', 'awaiting-agent', 'ready', 'install-pending', 'installing', 'installed', 'install-failed',
    'agent-lost', 'starting-agent', 'recovering', 'backing-off'
));
ALTER TABLE operator_command DROP COLUMN answer;
ALTER TABLE history DROP CONSTRAINT history_event_check;
ALTER TABLE history ADD CONSTRAINT history_event_check CHECK (event IN (
        'machine_added', 'machine_deleted',
        'agent_registered', 'agent_replaced', 'agent_lost',
        'hardware_reported',
        'installation_requested', 'installation_replaced', 'installation_handed_out', 'installation_progressed',
        'installation_succeeded', 'installation_failed', 'installation_cancelled',
        'installed_removed', 'report_late', 'report_unasked',
        'work_claimed', 'work_finished', 'work_failed', 'work_cancelled', 'work_lost',
        'backoff_cleared'
    ));
