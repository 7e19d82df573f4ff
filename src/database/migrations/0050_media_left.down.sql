ALTER TABLE machine_boot_override DROP COLUMN ways;
ALTER TABLE machine_medium_test DROP COLUMN slot, DROP COLUMN clear_at, DROP COLUMN failures;
