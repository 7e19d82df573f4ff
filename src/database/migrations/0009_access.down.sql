ALTER TABLE history DROP CONSTRAINT history_event_check;
ALTER TABLE history ADD CONSTRAINT history_event_check CHECK (event IN (
    'machine_added', 'machine_deleted',
    'agent_registered', 'agent_replaced', 'agent_lost',
    'hardware_reported',
    'installation_requested', 'installation_replaced', 'installation_handed_out', 'installation_progressed',
    'installation_succeeded', 'installation_failed', 'installation_cancelled',
    'installed_removed', 'report_late', 'report_unasked',
    'work_claimed', 'work_finished', 'work_failed', 'work_cancelled', 'work_lost'
));
DROP INDEX work_backoff_process;
DROP INDEX work_process;
DROP TABLE fleet_statistics;
DROP TABLE operator_audit;
DROP FUNCTION operator_audit_guard();
DROP TABLE operator_token;
DROP FUNCTION operator_token_guard();
