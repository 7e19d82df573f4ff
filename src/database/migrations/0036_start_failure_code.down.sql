ALTER TABLE machine_start_failure DROP COLUMN failed_code;
