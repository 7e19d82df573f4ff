-- oldest-binary: 25

-- By what the agent of a window comes. A window for a boot medium gives no token to a network boot.
ALTER TABLE machine_boot_window ADD COLUMN way text NOT NULL DEFAULT 'network' CHECK (way IN ('network', 'medium'));
-- SHA-256 of the 32 random bytes in the medium's path. The bytes themselves are nowhere; the window's token is derived from them.
ALTER TABLE machine_boot_window ADD COLUMN medium_digest bytea UNIQUE CHECK (octet_length(medium_digest) = 32);
-- The addresses from which the medium may be fetched: the controller's.
ALTER TABLE machine_boot_window ADD COLUMN fetchers inet[];
ALTER TABLE machine_boot_window ADD COLUMN fetched_at timestamptz;
-- Another address that asked for the medium, and got nothing.
ALTER TABLE machine_boot_window ADD COLUMN refused_fetcher inet;
ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_medium_check
    CHECK ((way = 'medium') = (medium_digest IS NOT NULL) AND (way = 'medium') = (fetchers IS NOT NULL));

-- Where controllers can fetch boot media: each process that serves network boot says so again and again.
CREATE TABLE boot_medium_server (
    url text PRIMARY KEY CHECK (url ~ '^https?://'),
    -- Architectures of which it has a medium.
    architectures text[] NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);
