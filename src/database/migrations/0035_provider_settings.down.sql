DELETE FROM controller_operation WHERE kind = 'provider-check';
ALTER TABLE controller_operation DROP CONSTRAINT controller_operation_kind_check;
ALTER TABLE controller_operation ADD CONSTRAINT controller_operation_kind_check
    CHECK (kind IN ('add', 'check', 'power', 'boot', 'identify', 'password'));
DELETE FROM history_event WHERE event = 'machine_joined';
DROP TABLE machine_controller_wanted;
DROP TABLE machine_doubted;
ALTER TABLE machine_provided DROP COLUMN listed;
DROP TABLE session_providers_file;
DROP TABLE session_provider;
ALTER TABLE provider
    DROP COLUMN provider_type,
    DROP COLUMN session_id,
    DROP COLUMN settings_digest,
    DROP COLUMN machines_listed,
    DROP COLUMN problems,
    DROP COLUMN held_since,
    DROP COLUMN held_cause;
