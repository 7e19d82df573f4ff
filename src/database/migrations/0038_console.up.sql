-- oldest-binary: 25

-- Codes that sign a browser in to the console, once. The code itself is nowhere: it is 32 random bytes, so one round of
-- SHA-256 suffices.
CREATE TABLE console_link (
    code_hash bytea PRIMARY KEY CHECK (octet_length(code_hash) = 32),
    request_id uuid NOT NULL UNIQUE,
    -- Who signs in by it: a token that TokenCreate made, or else a name and a role.
    actor text NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    credential text NOT NULL CHECK (credential IN ('data-directory', 'token', 'certificate')),
    token_id uuid REFERENCES operator_token (token_id),
    -- When that token or certificate expires; absent: never.
    credential_expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    -- Absent: nobody has signed in by it yet.
    used_at timestamptz,
    CHECK ((credential = 'token') = (token_id IS NOT NULL))
);
CREATE INDEX console_link_expires ON console_link (expires_at);

-- Browsers that are signed in. Of cookie and key only the SHA-256 is stored. A backup holds neither of these tables.
CREATE TABLE console_session (
    console_session_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    key_hash bytea NOT NULL UNIQUE CHECK (octet_length(key_hash) = 32),
    cookie_hash bytea NOT NULL CHECK (octet_length(cookie_hash) = 32),
    actor text NOT NULL,
    -- Of the token or certificate at the start; a token's present role counts.
    role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    credential text NOT NULL CHECK (credential IN ('data-directory', 'token', 'certificate')),
    token_id uuid REFERENCES operator_token (token_id),
    address text NOT NULL,
    user_agent text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    ended_request_id uuid UNIQUE,
    CHECK ((credential = 'token') = (token_id IS NOT NULL))
);
CREATE INDEX console_session_expires ON console_session (expires_at);

-- The browser's session in which a command was given; absent: in none.
ALTER TABLE operator_audit ADD COLUMN console_session_id uuid;
