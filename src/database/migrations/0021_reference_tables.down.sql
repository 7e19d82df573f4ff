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
DROP TRIGGER history_event_check ON history_event;
DROP FUNCTION history_event_check();
DROP TABLE history_event;
DROP TABLE process;
