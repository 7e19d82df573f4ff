DROP TRIGGER installation_request_in_history ON machine_os_installation_request;
DROP FUNCTION installation_request_in_history();
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
DROP TRIGGER machine_change_touch ON machine_os_installation_progress;
CREATE TRIGGER machine_change_touch AFTER UPDATE ON machine_os_installation_progress
    FOR EACH ROW WHEN (NEW.phase <> OLD.phase OR NEW.run <> OLD.run) EXECUTE FUNCTION machine_change_touch();
DROP TRIGGER machine_change_touch_duplicate ON machine_agent_heartbeat;
ALTER TABLE machine_agent_heartbeat DROP COLUMN caller, DROP COLUMN caller_before, DROP COLUMN duplicate_at;
DROP TABLE machine_agent_features;
ALTER TABLE machine_os_installation_progress DROP COLUMN last_error, DROP COLUMN gives_up_at;
DROP TABLE machine_disk_begun;
ALTER TABLE machine_os_installation_run DROP COLUMN counted, DROP COLUMN replaced_at;
DROP TABLE machine_os_installation_writer;
DROP FUNCTION writer_over(timestamptz, timestamptz, timestamptz);
