-- oldest-binary: 52

-- That an installed system is expected to say it came up, and what it said. One row a generation whose request expects it.
CREATE TABLE machine_came_up (
    machine_id uuid NOT NULL REFERENCES machines (machine_id) ON DELETE CASCADE,
    generation bigint NOT NULL CHECK (generation > 0),
    -- How long after the installation's success it is waited for.
    within_seconds integer NOT NULL CHECK (within_seconds > 0),
    -- SHA-256 of the one-time token, which is in the request's vendor data; NULL = nothing can report.
    token_sha256 bytea UNIQUE CHECK (octet_length(token_sha256) = 32),
    -- Why nothing is waited for. listener: no server listens for reports. agent: the agent does not write vendor data.
    unasked text CHECK (unasked IN ('listener', 'agent')),
    -- Set by the success.
    deadline_at timestamptz,
    -- When the janitor noted that nothing was heard until the deadline.
    silent_at timestamptz,
    -- When the first right call came, over which connection, from where, and what it said.
    heard_at timestamptz,
    heard_over text CHECK (heard_over IN ('tls', 'clear')),
    heard_from text,
    report jsonb,
    report_sha256 bytea CHECK (octet_length(report_sha256) = 32),
    PRIMARY KEY (machine_id, generation),
    CHECK (deadline_at IS NULL OR unasked IS NULL),
    CHECK ((heard_at IS NULL) = (report IS NULL) AND (heard_at IS NULL) = (heard_over IS NULL))
);
CREATE INDEX machine_came_up_due ON machine_came_up (deadline_at)
    WHERE deadline_at IS NOT NULL AND silent_at IS NULL AND heard_at IS NULL;

INSERT INTO history_event (event) VALUES
    ('came_up'), ('came_up_silent'), ('came_up_unasked'), ('came_up_earlier'), ('came_up_refused');

ALTER TABLE machine_state DROP CONSTRAINT machine_state_state_check;
ALTER TABLE machine_state ADD CONSTRAINT machine_state_state_check CHECK (state IN (
    'new', 'awaiting-agent', 'ready', 'install-pending', 'installing', 'coming-up', 'silent', 'installed',
    'install-failed', 'agent-lost', 'starting-agent', 'recovering', 'backing-off', 'quarantined'
));
-- coming-up has a deadline of its own, and ends with it.
INSERT INTO machine_state_limit (state, at_most) VALUES ('coming-up', NULL), ('silent', '1 day');

-- With the success begins the time in which the system is expected, and that of an earlier system ends. The trigger's
-- name comes before machine_state_touch's.
CREATE FUNCTION machine_came_up_begin() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    can boolean;
BEGIN
    UPDATE machine_came_up c SET deadline_at = NULL
    WHERE c.machine_id = CASE WHEN TG_OP = 'DELETE' THEN OLD.machine_id ELSE NEW.machine_id END
        AND c.deadline_at IS NOT NULL AND c.silent_at IS NULL AND c.heard_at IS NULL
        AND (TG_OP = 'DELETE' OR c.generation <> NEW.generation);
    IF TG_OP = 'DELETE' THEN
        RETURN NULL;
    END IF;
    can := EXISTS (
        SELECT FROM machine_agent_features f
        JOIN machine_agent_started a ON a.machine_id = f.machine_id AND a.agent_public_key = f.agent_public_key
        WHERE f.machine_id = NEW.machine_id AND 'vendor-data' = ANY (f.features)
    );
    UPDATE machine_came_up c SET
        deadline_at = CASE WHEN can AND c.unasked IS NULL THEN now() + make_interval(secs => c.within_seconds) END,
        unasked = coalesce(c.unasked, CASE WHEN NOT can THEN 'agent' END)
    WHERE c.machine_id = NEW.machine_id AND c.generation = NEW.generation AND c.deadline_at IS NULL
        AND c.heard_at IS NULL;
    INSERT INTO history (machine_id, actor_kind, actor, generation, event, detail)
    SELECT c.machine_id, 'system', 'farrier', c.generation, 'came_up_unasked', jsonb_build_object('why', c.unasked)
    FROM machine_came_up c
    WHERE c.machine_id = NEW.machine_id AND c.generation = NEW.generation AND c.unasked IS NOT NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER machine_came_up_begin AFTER INSERT OR UPDATE OR DELETE ON machine_os_installed
    FOR EACH ROW EXECUTE FUNCTION machine_came_up_begin();
CREATE TRIGGER machine_state_touch AFTER UPDATE OR DELETE ON machine_came_up
    FOR EACH ROW EXECUTE FUNCTION machine_state_touch();

-- The one definition of a machine's state.
CREATE OR REPLACE FUNCTION machine_state_now(machine uuid)
    RETURNS TABLE (
        state text, not_before timestamptz, candidate text, provider text, wanted boolean,
        name text, machine_created_at timestamptz, installation text, requested_at timestamptz
    )
    LANGUAGE sql STABLE
AS $$
    SELECT
        CASE
            WHEN z.machine_id IS NOT NULL THEN 'quarantined'
            WHEN w.process IS NOT NULL THEN wp.working_state
            WHEN f.candidate IS NOT NULL AND b.backoff_until > now() THEN 'backing-off'
            WHEN cp.candidate_state IS NOT NULL THEN cp.candidate_state
            WHEN f.pending AND g.machine_id IS NOT NULL THEN 'installing'
            WHEN f.pending THEN 'install-pending'
            WHEN d.machine_id IS NOT NULL THEN CASE
                WHEN u.deadline_at IS NULL OR u.heard_at IS NOT NULL THEN 'installed'
                WHEN u.silent_at IS NULL THEN 'coming-up'
                ELSE 'silent'
            END
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
    LEFT JOIN machine_came_up u ON u.machine_id = d.machine_id AND u.generation = d.generation
    LEFT JOIN work w ON w.machine_id = m.machine_id
    LEFT JOIN process wp ON wp.process = w.process
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
    LEFT JOIN process cp ON cp.process = f.candidate
    LEFT JOIN work_backoff b ON b.machine_id = m.machine_id AND b.process = f.candidate
    WHERE m.machine_id = machine
    ORDER BY wp.process_order LIMIT 1
$$;
