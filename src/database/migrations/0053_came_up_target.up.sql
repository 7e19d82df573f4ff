-- oldest-binary: 52

-- Where servers take reports of installed systems, so that every process that makes requests can name it in their vendor
-- data. A server writes its row again every minute; a row that is ten minutes old does not count any more.
CREATE TABLE came_up_target (
    url text NOT NULL CHECK (octet_length(url) <= 400),
    ca_sha256 bytea NOT NULL CHECK (octet_length(ca_sha256) = 32),
    -- The CA of that listener's certificate.
    ca_pem text NOT NULL CHECK (octet_length(ca_pem) <= 65536),
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (url, ca_sha256)
);
