DROP TRIGGER machine_came_up_begin ON machine_os_installed;
DROP FUNCTION machine_came_up_begin();
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
DROP TABLE machine_came_up;
-- Machines whose system was waited for are installed, as before.
UPDATE machine_state SET state = 'installed' WHERE state IN ('coming-up', 'silent');
DELETE FROM machine_state_limit WHERE state IN ('coming-up', 'silent');
ALTER TABLE machine_state DROP CONSTRAINT machine_state_state_check;
ALTER TABLE machine_state ADD CONSTRAINT machine_state_state_check CHECK (state IN (
    'new', 'awaiting-agent', 'ready', 'install-pending', 'installing', 'installed', 'install-failed',
    'agent-lost', 'starting-agent', 'recovering', 'backing-off', 'quarantined'
));
DELETE FROM history_event
    WHERE event IN ('came_up', 'came_up_silent', 'came_up_unasked', 'came_up_earlier', 'came_up_refused');
