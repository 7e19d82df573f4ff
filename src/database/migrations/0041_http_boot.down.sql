DELETE FROM machine_boot_window WHERE way = 'http';
ALTER TABLE machine_boot_window DROP CONSTRAINT machine_boot_window_medium_check;
ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_medium_check
    CHECK ((way = 'medium') = (medium_digest IS NOT NULL) AND (way = 'medium') = (fetchers IS NOT NULL));
ALTER TABLE machine_boot_window DROP CONSTRAINT machine_boot_window_way_check;
ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_way_check CHECK (way IN ('network', 'medium'));
ALTER TABLE machine_controller DROP COLUMN http_boot;
