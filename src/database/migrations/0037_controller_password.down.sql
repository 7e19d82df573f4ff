DELETE FROM history_event WHERE event = 'controller_password_changed';
DROP INDEX controller_operation_key;
ALTER TABLE controller_operation DROP COLUMN sealed_password;
