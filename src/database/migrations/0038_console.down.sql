ALTER TABLE operator_audit DROP COLUMN console_session_id;
DROP TABLE console_session;
DROP TABLE console_link;
