-- oldest-binary: 10

-- The kinds of work on machines: the same rows as in src/database/processes.ts.
CREATE TABLE process (
    process text PRIMARY KEY,
    -- The state of a machine while a session holds it for this process.
    working_state text NOT NULL,
    -- The state of a machine that this process may take; NULL: the rest of what is known of the machine gives the state.
    candidate_state text,
    -- If several processes hold a machine, the one with the lowest order gives the state.
    process_order integer NOT NULL UNIQUE
);
INSERT INTO process (process, working_state, candidate_state, process_order) VALUES
    ('ShepherdAgentStart', 'starting-agent', NULL, 1),
    ('ShepherdRecovery', 'recovering', 'agent-lost', 2);

-- What can happen to a machine: the same words as in src/database/history.ts. A migration that adds an event inserts a row
-- here, and nothing else.
CREATE TABLE history_event (
    event text PRIMARY KEY
);
INSERT INTO history_event (event) VALUES
    ('machine_added'), ('machine_updated'), ('machine_deleted'), ('machine_quarantined'), ('machine_released'),
    ('machine_vanished'), ('machine_returned'), ('agent_registered'), ('agent_replaced'), ('agent_enrolled'),
    ('agent_lost'), ('agent_duplicate'), ('boot_window_opened'), ('boot_window_closed'), ('boot_token_given'),
    ('enrollment_awaiting'), ('second_claimant'), ('hardware_reported'), ('installation_requested'),
    ('installation_replaced'), ('installation_handed_out'), ('installation_progressed'),
    ('installation_writer_replaced'), ('installation_succeeded'), ('installation_failed'), ('installation_cancelled'),
    ('installation_retries_stopped'), ('installed_removed'), ('report_late'), ('report_unasked'),
    ('report_other_run'), ('work_claimed'), ('work_finished'), ('work_failed'), ('work_cancelled'), ('work_lost'),
    ('backoff_cleared'), ('deadline_missed');

-- Writes the CHECK of history.event from history_event. A foreign key would lock the row of history_event for each row of
-- history. Entries that are there already are not read: they passed a CHECK before, and events are only added.
CREATE FUNCTION history_event_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'ALTER TABLE history DROP CONSTRAINT IF EXISTS history_event_check, '
            'ADD CONSTRAINT history_event_check CHECK (event = ANY (%L::text[])) NOT VALID',
        (SELECT array_agg(e.event ORDER BY e.event COLLATE "C") FROM history_event e)
    );
    RETURN NULL;
END
$$;
CREATE TRIGGER history_event_check AFTER INSERT OR UPDATE OR DELETE ON history_event
    FOR EACH STATEMENT EXECUTE FUNCTION history_event_check();

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
