DROP TRIGGER machine_change_touch ON machine_boot_window;
DROP TABLE enrollment_claim;
DROP TABLE machine_boot_window;
DROP FUNCTION machine_by_identity(uuid, macaddr[]);
DROP TABLE machine_mac;
DROP TABLE machine_smbios;
DROP FUNCTION machine_identity_touch();
DROP INDEX machine_agent_started_key;
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
