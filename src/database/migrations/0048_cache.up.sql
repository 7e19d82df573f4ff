-- oldest-binary: 25

-- A store of images, with the addresses by which machines and other stores fetch from it.
CREATE TABLE cache_store (
    store_id uuid PRIMARY KEY,
    urls text[] NOT NULL CHECK (cardinality(urls) BETWEEN 0 AND 8),
    seen_at timestamptz NOT NULL DEFAULT now()
);

-- A file that a store has.
CREATE TABLE cache_file (
    digest text NOT NULL CHECK (digest ~ '^sha256:[0-9a-f]{64}$'),
    store_id uuid NOT NULL REFERENCES cache_store (store_id) ON DELETE CASCADE,
    bytes bigint NOT NULL CHECK (bytes >= 0),
    -- When a machine last fetched it.
    used_at timestamptz,
    PRIMARY KEY (digest, store_id)
);
CREATE INDEX cache_file_store ON cache_file (store_id);

-- Who fetches a file now: for a store from another store, or for all from its origin.
CREATE TABLE cache_fetch (
    digest text NOT NULL,
    -- The store; all zeros for the origin.
    place uuid NOT NULL,
    -- The process, by a UUID that it made up.
    holder uuid NOT NULL,
    heard_at timestamptz NOT NULL DEFAULT now(),
    -- Not before this time, after it failed.
    not_before timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (digest, place)
);

-- Anybody who reaches a cache may have the bytes.
ALTER TABLE image_version ADD COLUMN public boolean NOT NULL DEFAULT false;

-- Which requests name an image.
CREATE INDEX installation_request_digest ON machine_os_installation_request (digest);
