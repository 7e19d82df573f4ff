-- oldest-binary: 25

-- Whether a controller takes the URL of a UEFI HTTP boot. It is read again with the other facts; until then it is not tried.
ALTER TABLE machine_controller ADD COLUMN http_boot boolean NOT NULL DEFAULT false;

-- A window for an HTTP boot is one for a medium that the machine itself fetches. Its address is not known before: the first that fetches
-- becomes the only one in `fetchers`, which is empty until then.
ALTER TABLE machine_boot_window DROP CONSTRAINT machine_boot_window_way_check;
ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_way_check CHECK (way IN ('network', 'medium', 'http'));
ALTER TABLE machine_boot_window DROP CONSTRAINT machine_boot_window_medium_check;
ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_medium_check
    CHECK ((way <> 'network') = (medium_digest IS NOT NULL) AND (way <> 'network') = (fetchers IS NOT NULL));
