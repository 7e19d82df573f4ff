DROP TABLE boot_medium_server;
ALTER TABLE machine_boot_window DROP CONSTRAINT machine_boot_window_medium_check;
ALTER TABLE machine_boot_window DROP COLUMN refused_fetcher, DROP COLUMN fetched_at, DROP COLUMN fetchers,
    DROP COLUMN medium_digest, DROP COLUMN way;
