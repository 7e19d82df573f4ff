-- oldest-binary: 7

-- How long an agent may be silent: the fleet's configuration, one row.
CREATE TABLE agent_silence (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    -- Since it was started, without any heartbeat.
    started interval NOT NULL DEFAULT '30 minutes' CHECK (started > '0'),
    -- Since its last heartbeat.
    heartbeat interval NOT NULL DEFAULT '10 minutes' CHECK (heartbeat > '0')
);
INSERT INTO agent_silence DEFAULT VALUES;

-- Pending or not installed: there is something that an agent is needed for.
CREATE FUNCTION agent_wanted(machine uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NOT EXISTS (SELECT FROM machine_os_installed d WHERE d.machine_id = machine)
        OR EXISTS (
            SELECT FROM machine_os_installation_request q
            LEFT JOIN machine_os_installation_report r ON r.machine_id = q.machine_id
            WHERE q.machine_id = machine AND installation_pending(q.generation, r.generation)
        );

-- A server was there to hear an agent for all of that time: silence counts only then.
CREATE FUNCTION server_alive_for(silence interval) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN EXISTS (
        SELECT FROM sessions s
        WHERE s.session_component = 'server' AND s.session_deadline > now() AND s.session_created_at <= now() - silence
    );

-- Started too long ago and never heard since, or heard since then but not for too long.
CREATE FUNCTION agent_silent(machine uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN EXISTS (
        SELECT FROM machine_agent_started a
        CROSS JOIN agent_silence t
        LEFT JOIN machine_agent_heartbeat h ON h.machine_id = a.machine_id AND h.agent_heartbeat_at >= a.agent_started_at
        WHERE a.machine_id = machine AND (
            (h.machine_id IS NULL AND a.agent_started_at < now() - t.started AND server_alive_for(t.started))
            OR (h.agent_heartbeat_at < now() - t.heartbeat AND server_alive_for(t.heartbeat))
        )
    );

-- The state of each machine, stored for indexes: written in the transaction that changes it, from machine_state_now alone.
CREATE TABLE machine_state (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE CASCADE,
    state text NOT NULL CHECK (state IN (
        'new', 'awaiting-agent', 'ready', 'install-pending', 'installing', 'installed', 'install-failed',
        'agent-lost', 'starting-agent', 'recovering', 'backing-off'
    )),
    since timestamptz NOT NULL DEFAULT now(),
    -- For backing-off: when that ends.
    not_before timestamptz,
    -- The process that the machine is for, once nothing else holds it, and its provider.
    candidate text CHECK (candidate IN ('ShepherdAgentStart', 'ShepherdRecovery')),
    provider text
) WITH (fillfactor = 80);
CREATE INDEX machine_state_state ON machine_state (state, machine_id);
CREATE INDEX machine_state_candidate ON machine_state (candidate, provider, machine_id) WHERE candidate IS NOT NULL;
CREATE INDEX machine_state_not_before ON machine_state (not_before) WHERE not_before IS NOT NULL;
CREATE INDEX machine_state_awaiting ON machine_state (since) WHERE state = 'awaiting-agent';

-- Old heartbeats of agents that are needed still; those of installed machines, whose agents have left, are not among them.
ALTER TABLE machine_agent_heartbeat ADD COLUMN agent_wanted boolean NOT NULL DEFAULT true;
DROP INDEX machine_agent_heartbeat_bucket;
CREATE INDEX machine_agent_heartbeat_bucket ON machine_agent_heartbeat (heartbeat_bucket) WHERE agent_wanted;

-- The one definition of a machine's state.
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

-- Brings the stored state of a machine up to the definition. The row's lock comes before the look, so that of two who
-- change a machine at once the second sees what the first did.
CREATE FUNCTION machine_state_refresh(machine uuid) RETURNS void LANGUAGE plpgsql AS $$
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

CREATE FUNCTION machine_state_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM machine_state_refresh(CASE WHEN TG_OP = 'DELETE' THEN OLD.machine_id ELSE NEW.machine_id END);
    RETURN NULL;
END
$$;
CREATE TRIGGER machine_state_touch AFTER INSERT ON machines
    FOR EACH ROW EXECUTE FUNCTION machine_state_touch();
CREATE TRIGGER machine_state_touch AFTER INSERT OR UPDATE OR DELETE ON machine_provided
    FOR EACH ROW EXECUTE FUNCTION machine_state_touch();
CREATE TRIGGER machine_state_touch AFTER INSERT OR UPDATE OR DELETE ON machine_agent_started
    FOR EACH ROW EXECUTE FUNCTION machine_state_touch();
CREATE TRIGGER machine_state_touch AFTER INSERT OR DELETE ON machine_agent_heartbeat
    FOR EACH ROW EXECUTE FUNCTION machine_state_touch();
-- Of all the heartbeats only those after a silence can change a state.
CREATE TRIGGER machine_state_touch_after_silence AFTER UPDATE ON machine_agent_heartbeat
    FOR EACH ROW WHEN (NEW.heartbeat_bucket > OLD.heartbeat_bucket + 1) EXECUTE FUNCTION machine_state_touch();
CREATE TRIGGER machine_state_touch AFTER INSERT OR UPDATE OR DELETE ON machine_os_installation_request
    FOR EACH ROW EXECUTE FUNCTION machine_state_touch();
CREATE TRIGGER machine_state_touch AFTER INSERT OR UPDATE OR DELETE ON machine_os_installation_report
    FOR EACH ROW EXECUTE FUNCTION machine_state_touch();
CREATE TRIGGER machine_state_touch AFTER INSERT OR UPDATE OR DELETE ON machine_os_installed
    FOR EACH ROW EXECUTE FUNCTION machine_state_touch();
CREATE TRIGGER machine_state_touch AFTER INSERT OR DELETE ON machine_os_installation_progress
    FOR EACH ROW EXECUTE FUNCTION machine_state_touch();
CREATE TRIGGER machine_state_touch_generation AFTER UPDATE ON machine_os_installation_progress
    FOR EACH ROW WHEN (NEW.generation <> OLD.generation) EXECUTE FUNCTION machine_state_touch();
CREATE TRIGGER machine_state_touch AFTER INSERT OR DELETE ON work
    FOR EACH ROW EXECUTE FUNCTION machine_state_touch();
CREATE TRIGGER machine_state_touch AFTER INSERT OR UPDATE OR DELETE ON work_backoff
    FOR EACH ROW EXECUTE FUNCTION machine_state_touch();

INSERT INTO machine_state (machine_id, state, not_before, candidate, provider)
SELECT m.machine_id, n.state, n.not_before, n.candidate, n.provider
FROM machines m CROSS JOIN LATERAL machine_state_now(m.machine_id) n;
UPDATE machine_agent_heartbeat h SET agent_wanted = false WHERE NOT agent_wanted(h.machine_id);
