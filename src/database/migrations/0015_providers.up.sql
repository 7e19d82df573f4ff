-- oldest-binary: 10

-- What a shepherd found of a provider when it last looked.
CREATE TABLE provider (
    provider text PRIMARY KEY CHECK (provider ~ '^[a-z][a-z0-9-]{0,31}$'),
    -- A power switch: a shepherd starts agents by it.
    power boolean NOT NULL,
    listed_at timestamptz,
    unreachable_since timestamptz,
    unreachable_cause text,
    CHECK ((unreachable_since IS NULL) = (unreachable_cause IS NULL))
);

-- Its provider does not tell of it any more. Whatever else is known of it stays.
ALTER TABLE machine_provided ADD COLUMN vanished_at timestamptz;

ALTER TABLE history DROP CONSTRAINT history_event_check;
ALTER TABLE history ADD CONSTRAINT history_event_check CHECK (event IN (
    'machine_added', 'machine_updated', 'machine_deleted', 'machine_quarantined', 'machine_released',
    'machine_vanished', 'machine_returned',
    'agent_registered', 'agent_replaced', 'agent_enrolled', 'agent_lost',
    'boot_window_opened', 'boot_window_closed', 'boot_token_given', 'enrollment_awaiting', 'second_claimant',
    'hardware_reported',
    'installation_requested', 'installation_replaced', 'installation_handed_out', 'installation_progressed',
    'installation_succeeded', 'installation_failed', 'installation_cancelled', 'installation_retries_stopped',
    'installed_removed', 'report_late', 'report_unasked',
    'work_claimed', 'work_finished', 'work_failed', 'work_cancelled', 'work_lost', 'backoff_cleared',
    'deadline_missed'
));

-- An agent whose last word was that it has installed went away with its reboot: no need to wait for as long as for one that
-- may only be cut off. Two of its heartbeats would have come in a minute.
ALTER TABLE agent_silence ADD COLUMN departed interval NOT NULL DEFAULT '1 minute' CHECK (departed > '0');
CREATE FUNCTION agent_left(machine uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN EXISTS (
        SELECT FROM agent_silence t, machine_os_installed d
        JOIN machine_agent_heartbeat h ON h.machine_id = d.machine_id
        JOIN machine_agent_started a ON a.machine_id = d.machine_id AND a.agent_started_at <= h.agent_heartbeat_at
        WHERE d.machine_id = machine AND h.agent_heartbeat_at <= d.installed_at + interval '20 seconds'
            AND h.agent_heartbeat_at < now() - t.departed AND server_alive_for(t.departed)
    );

CREATE OR REPLACE FUNCTION agent_silent(machine uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN EXISTS (
        SELECT FROM machine_agent_started a
        CROSS JOIN agent_silence t
        LEFT JOIN machine_agent_heartbeat h ON h.machine_id = a.machine_id AND h.agent_heartbeat_at >= a.agent_started_at
        WHERE a.machine_id = machine AND (
            (h.machine_id IS NULL AND a.agent_started_at < now() - t.started AND server_alive_for(t.started))
            OR (h.agent_heartbeat_at < now() - t.heartbeat AND server_alive_for(t.heartbeat))
        )
    ) OR agent_left(machine);
