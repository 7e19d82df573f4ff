-- oldest-binary: 10

-- A machine that is left alone: asked for nothing, no agent started on it, none recovered, until it is released.
CREATE TABLE machine_quarantine (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE RESTRICT,
    reason text NOT NULL CHECK (reason <> ''),
    -- The operator who said so.
    quarantined_by text NOT NULL,
    quarantined_at timestamptz NOT NULL DEFAULT now()
);

-- What is left of a request's retry budget: once its generation ends in error, another is made when not_before is past.
CREATE TABLE machine_os_installation_retry (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE RESTRICT,
    -- The generation whose error is waited for.
    generation bigint NOT NULL CHECK (generation >= 1),
    attempts integer NOT NULL CHECK (attempts >= 1),
    attempts_left integer NOT NULL CHECK (attempts_left BETWEEN 0 AND attempts),
    -- Seconds; how the next wait grows from the one before is the policy's matter.
    initial_seconds integer NOT NULL CHECK (initial_seconds >= 1),
    maximum_seconds integer NOT NULL CHECK (maximum_seconds >= initial_seconds),
    exponent double precision NOT NULL CHECK (exponent >= 1),
    -- Between the error of this generation and the next one; before jitter, and with it.
    wait_seconds bigint NOT NULL CHECK (wait_seconds >= 1),
    wait_jittered_seconds double precision NOT NULL CHECK (wait_jittered_seconds >= 1),
    -- Set by the error.
    not_before timestamptz
);
CREATE INDEX machine_os_installation_retry_due ON machine_os_installation_retry (not_before)
    WHERE not_before IS NOT NULL;

CREATE FUNCTION installation_retry_arm() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.result = 'error' THEN
        UPDATE machine_os_installation_retry
            SET not_before = CASE WHEN attempts_left > 0 THEN now() + make_interval(secs => wait_jittered_seconds) END
            WHERE machine_id = NEW.machine_id AND generation = NEW.generation;
    ELSE
        -- A success needs no other, and whoever cancels wants none.
        DELETE FROM machine_os_installation_retry WHERE machine_id = NEW.machine_id AND generation = NEW.generation;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER installation_retry_arm AFTER INSERT OR UPDATE ON machine_os_installation_report
    FOR EACH ROW EXECUTE FUNCTION installation_retry_arm();

-- What a command answered beside the generation, so that its repetition gets the same.
ALTER TABLE operator_command ADD COLUMN answer jsonb;

ALTER TABLE history DROP CONSTRAINT history_event_check;
ALTER TABLE history ADD CONSTRAINT history_event_check CHECK (event IN (
    'machine_added', 'machine_updated', 'machine_deleted', 'machine_quarantined', 'machine_released',
    'agent_registered', 'agent_replaced', 'agent_lost',
    'hardware_reported',
    'installation_requested', 'installation_replaced', 'installation_handed_out', 'installation_progressed',
    'installation_succeeded', 'installation_failed', 'installation_cancelled', 'installation_retries_stopped',
    'installed_removed', 'report_late', 'report_unasked',
    'work_claimed', 'work_finished', 'work_failed', 'work_cancelled', 'work_lost', 'backoff_cleared',
    'deadline_missed'
));

-- How long a machine is expected to be in a state at most; NULL = it may stay. The fleet's configuration.
CREATE TABLE machine_state_limit (
    state text PRIMARY KEY,
    at_most interval CHECK (at_most > '0')
);
INSERT INTO machine_state_limit (state, at_most) VALUES
    ('quarantined', '30 days'),
    ('starting-agent', '30 minutes'),
    ('recovering', '15 minutes'),
    -- Counted from the end of the backoff.
    ('backing-off', '5 minutes'),
    ('agent-lost', '15 minutes'),
    ('installing', '2 hours'),
    ('install-pending', '15 minutes'),
    ('installed', NULL),
    ('install-failed', '1 day'),
    ('new', '1 hour'),
    ('awaiting-agent', '45 minutes'),
    ('ready', NULL);

-- Until when a machine is expected to be in its state; NULL = it may stay.
CREATE FUNCTION machine_state_deadline(state text, since timestamptz, not_before timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT greatest(since, not_before) + l.at_most FROM machine_state_limit l WHERE l.state = $1);

-- Pending or not installed, and not to be left alone: there is something that an agent is needed for.
CREATE OR REPLACE FUNCTION agent_wanted(machine uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NOT EXISTS (SELECT FROM machine_quarantine z WHERE z.machine_id = machine) AND (
        NOT EXISTS (SELECT FROM machine_os_installed d WHERE d.machine_id = machine)
        OR EXISTS (
            SELECT FROM machine_os_installation_request q
            LEFT JOIN machine_os_installation_report r ON r.machine_id = q.machine_id
            WHERE q.machine_id = machine AND installation_pending(q.generation, r.generation)
        )
    );

ALTER TABLE machine_state DROP CONSTRAINT machine_state_state_check;
ALTER TABLE machine_state ADD CONSTRAINT machine_state_state_check CHECK (state IN (
    'new', 'awaiting-agent', 'ready', 'install-pending', 'installing', 'installed', 'install-failed',
    'agent-lost', 'starting-agent', 'recovering', 'backing-off', 'quarantined'
));
ALTER TABLE machine_state
    -- When the janitor noticed that the machine is longer in this state than expected.
    ADD COLUMN deadline_missed_at timestamptz,
    -- What machines are listed by, beside their state, so that one index serves filter and order. '' = no name.
    ADD COLUMN name text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN machine_created_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN installation text CHECK (installation IN ('pending', 'success', 'error', 'cancelled')),
    ADD COLUMN requested_at timestamptz,
    -- Both in one, so that no plan reads all of a state's machines for the few of a provider.
    ADD COLUMN provider_state text GENERATED ALWAYS AS (provider || ' ' || state) STORED,
    -- The transaction that last changed anything about the machine, heartbeats and byte counts aside. Who follows changes
    -- reads on from here, only below pg_snapshot_xmin: transactions commit out of order.
    ADD COLUMN changed_xact xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE machine_tombstones ADD COLUMN deleted_xact xid8 NOT NULL DEFAULT pg_current_xact_id();

-- Filter, order, and the id that makes the order total.
CREATE INDEX machine_state_by_name ON machine_state (state, name, machine_id);
CREATE INDEX machine_state_by_created ON machine_state (state, machine_created_at, machine_id);
CREATE INDEX machine_state_by_since ON machine_state (state, since, machine_id);
CREATE INDEX machine_state_provider ON machine_state (provider_state, machine_id);
CREATE INDEX machine_state_provider_by_name ON machine_state (provider_state, name, machine_id);
CREATE INDEX machine_state_provider_by_created ON machine_state (provider_state, machine_created_at, machine_id);
CREATE INDEX machine_state_provider_by_since ON machine_state (provider_state, since, machine_id);
CREATE INDEX machine_state_installation ON machine_state (installation, requested_at, machine_id)
    WHERE installation IS NOT NULL;
CREATE INDEX machine_state_due ON machine_state (state, since) WHERE deadline_missed_at IS NULL;
CREATE INDEX machine_state_changed ON machine_state (changed_xact, machine_id);
CREATE INDEX machine_tombstones_deleted ON machine_tombstones (deleted_xact, machine_id);
-- Searched: what a provider calls a machine, and the values of labels whatever their keys.
CREATE INDEX machine_provided_id ON machine_provided (provider_id COLLATE "C");
CREATE INDEX machines_label_values ON machines USING gin (jsonb_path_query_array(labels, '$.*') jsonb_path_ops);

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
            machine_deleted_at = now(), deleted_xact = pg_current_xact_id();
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

DROP FUNCTION machine_state_now(uuid);
-- The one definition of a machine's state, and of what else it is listed by.
CREATE FUNCTION machine_state_now(machine uuid)
    RETURNS TABLE (
        state text, not_before timestamptz, candidate text, provider text, wanted boolean,
        name text, machine_created_at timestamptz, installation text, requested_at timestamptz
    )
    LANGUAGE sql STABLE
AS $$
    SELECT
        CASE
            WHEN z.machine_id IS NOT NULL THEN 'quarantined'
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
        f.wanted,
        coalesce(m.name, ''),
        m.machine_created_at,
        CASE WHEN f.pending THEN 'pending' ELSE r.result END,
        q.requested_at
    FROM machines m
    LEFT JOIN machine_quarantine z ON z.machine_id = m.machine_id
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

-- As before; and a state that is another than before has missed no deadline yet.
CREATE OR REPLACE FUNCTION machine_state_refresh(machine uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    next record;
BEGIN
    PERFORM FROM machine_state s WHERE s.machine_id = machine FOR NO KEY UPDATE;
    SELECT * INTO next FROM machine_state_now(machine);
    IF next.state IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO machine_state AS s (
        machine_id, state, not_before, candidate, provider, name, machine_created_at, installation, requested_at
    ) VALUES (
        machine, next.state, next.not_before, next.candidate, next.provider, next.name, next.machine_created_at,
        next.installation, next.requested_at
    ) ON CONFLICT (machine_id) DO UPDATE SET
        state = excluded.state, not_before = excluded.not_before, candidate = excluded.candidate,
        provider = excluded.provider, name = excluded.name, machine_created_at = excluded.machine_created_at,
        installation = excluded.installation, requested_at = excluded.requested_at,
        since = CASE WHEN s.state = excluded.state THEN s.since ELSE now() END,
        deadline_missed_at = CASE WHEN s.state = excluded.state THEN s.deadline_missed_at END,
        changed_xact = pg_current_xact_id()
    WHERE (s.state, s.not_before, s.candidate, s.provider, s.name, s.machine_created_at, s.installation, s.requested_at)
        IS DISTINCT FROM (
            excluded.state, excluded.not_before, excluded.candidate, excluded.provider, excluded.name,
            excluded.machine_created_at, excluded.installation, excluded.requested_at
        );
    UPDATE machine_agent_heartbeat h SET agent_wanted = next.wanted
        WHERE h.machine_id = machine AND h.agent_wanted <> next.wanted;
END
$$;

-- What changed is news to those who follow the machine, whether its state is another for it or not.
CREATE FUNCTION machine_changed(machine uuid) RETURNS void LANGUAGE sql AS $$
    UPDATE machine_state s SET changed_xact = pg_current_xact_id()
    WHERE s.machine_id = machine AND s.changed_xact <> pg_current_xact_id()
$$;

CREATE OR REPLACE FUNCTION machine_state_touch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    machine uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.machine_id ELSE NEW.machine_id END;
BEGIN
    PERFORM machine_state_refresh(machine);
    PERFORM machine_changed(machine);
    RETURN NULL;
END
$$;
CREATE FUNCTION machine_change_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM machine_changed(NEW.machine_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER machine_state_touch AFTER INSERT OR UPDATE OR DELETE ON machine_quarantine
    FOR EACH ROW EXECUTE FUNCTION machine_state_touch();
CREATE TRIGGER machine_state_touch_name AFTER UPDATE ON machines
    FOR EACH ROW WHEN ((NEW.name, NEW.labels) IS DISTINCT FROM (OLD.name, OLD.labels))
    EXECUTE FUNCTION machine_state_touch();
CREATE TRIGGER machine_change_touch AFTER UPDATE ON machine_os_installation_progress
    FOR EACH ROW WHEN (NEW.phase <> OLD.phase OR NEW.run <> OLD.run) EXECUTE FUNCTION machine_change_touch();
CREATE TRIGGER machine_change_touch AFTER INSERT OR UPDATE ON machine_hardware_report
    FOR EACH ROW EXECUTE FUNCTION machine_change_touch();
CREATE TRIGGER machine_change_touch AFTER INSERT OR UPDATE ON machine_os_installation_retry
    FOR EACH ROW EXECUTE FUNCTION machine_change_touch();

-- Wakes those who follow changes. A hint, never the news itself; one a transaction.
CREATE FUNCTION machine_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('farrier_machine', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER machine_notify AFTER INSERT OR UPDATE OR DELETE ON machine_state
    FOR EACH STATEMENT EXECUTE FUNCTION machine_notify();

UPDATE machine_state s SET name = n.name, machine_created_at = n.machine_created_at,
    installation = n.installation, requested_at = n.requested_at
FROM machines m CROSS JOIN LATERAL machine_state_now(m.machine_id) n WHERE m.machine_id = s.machine_id;
