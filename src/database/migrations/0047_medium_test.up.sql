-- oldest-binary: 25

-- The test medium that is in a machine's controller while `bmc check --media` runs: the boot medium without a configuration.
CREATE TABLE machine_medium_test (
    machine_id uuid PRIMARY KEY REFERENCES machine_controller (machine_id) ON DELETE CASCADE,
    -- SHA-256 of the 32 random bytes in its path.
    medium_digest bytea NOT NULL UNIQUE CHECK (octet_length(medium_digest) = 32),
    -- The addresses from which it may be fetched: the controller's.
    fetchers inet[] NOT NULL,
    closes_at timestamptz NOT NULL,
    fetched_at timestamptz,
    -- The address that fetched it.
    fetched_by inet,
    -- Another address that requested it, and got nothing.
    refused_fetcher inet
);
