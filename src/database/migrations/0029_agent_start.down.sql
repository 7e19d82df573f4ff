DELETE FROM history_event WHERE event = 'start_means_changed';
ALTER TABLE machine_start_failure DROP COLUMN failed_at;
ALTER TABLE machine_start_failure DROP COLUMN cause;
DROP TABLE machine_start;
