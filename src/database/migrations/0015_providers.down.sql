CREATE OR REPLACE FUNCTION agent_silent(machine uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN EXISTS (
        SELECT FROM machine_agent_started a
        CROSS JOIN agent_silence t
        LEFT JOIN machine_agent_heartbeat h ON h.machine_id = a.machine_id AND h.agent_heartbeat_at >= a.agent_started_at
        WHERE a.machine_id = machine AND (
            (h.machine_id IS NULL AND a.agent_started_at < now() - t.started AND server_alive_for(t.started))
            OR (h.agent_heartbeat_at < now() - t.heartbeat AND server_alive_for(t.heartbeat))
        )
    );
DROP FUNCTION agent_left(uuid);
ALTER TABLE agent_silence DROP COLUMN departed;
ALTER TABLE machine_provided DROP COLUMN vanished_at;
DROP TABLE provider;
ALTER TABLE history DROP CONSTRAINT history_event_check;
ALTER TABLE history ADD CONSTRAINT history_event_check CHECK (event IN (
    'machine_added', 'machine_updated', 'machine_deleted', 'machine_quarantined', 'machine_released',
    'agent_registered', 'agent_replaced', 'agent_enrolled', 'agent_lost',
    'boot_window_opened', 'boot_window_closed', 'boot_token_given', 'enrollment_awaiting', 'second_claimant',
    'hardware_reported',
    'installation_requested', 'installation_replaced', 'installation_handed_out', 'installation_progressed',
    'installation_succeeded', 'installation_failed', 'installation_cancelled', 'installation_retries_stopped',
    'installed_removed', 'report_late', 'report_unasked',
    'work_claimed', 'work_finished', 'work_failed', 'work_cancelled', 'work_lost', 'backoff_cleared',
    'deadline_missed'
));
