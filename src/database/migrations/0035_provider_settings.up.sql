-- oldest-binary: 10

-- What a shepherd is configured with, and what came of the provider's last list. One shepherd looks at a provider; the others
-- with the same settings work with what it found, and those with other settings leave the provider alone.
ALTER TABLE provider
    ADD COLUMN provider_type text,
    -- The shepherd that looks at it.
    ADD COLUMN session_id uuid REFERENCES sessions (session_id) ON DELETE SET NULL,
    -- SHA-256 of that shepherd's settings for it.
    ADD COLUMN settings_digest bytea CHECK (octet_length(settings_digest) = 32),
    -- Machines in the last list that could be read, and what of it could not be taken.
    ADD COLUMN machines_listed integer,
    ADD COLUMN problems text[] NOT NULL DEFAULT '{}',
    -- Since when its list is not believed, and why: its work stops until an operator accepts.
    ADD COLUMN held_since timestamptz,
    ADD COLUMN held_cause text,
    ADD CONSTRAINT provider_held_check CHECK ((held_since IS NULL) = (held_cause IS NULL));

-- The providers that a live shepherd is configured with.
CREATE TABLE session_provider (
    session_id uuid NOT NULL REFERENCES sessions (session_id) ON DELETE CASCADE,
    provider text NOT NULL CHECK (provider ~ '^[a-z][a-z0-9-]{0,31}$'),
    provider_type text NOT NULL,
    settings_digest bytea NOT NULL CHECK (octet_length(settings_digest) = 32),
    PRIMARY KEY (session_id, provider)
);

-- The file of providers that a live shepherd follows; problem: why its newest version is not in force.
CREATE TABLE session_providers_file (
    session_id uuid PRIMARY KEY REFERENCES sessions (session_id) ON DELETE CASCADE,
    providers_file text NOT NULL,
    problem text,
    problem_since timestamptz,
    CHECK ((problem IS NULL) = (problem_since IS NULL))
);

-- What the provider last listed of the machine, beyond the columns here: what changes is found by comparing with it.
ALTER TABLE machine_provided ADD COLUMN listed jsonb;

-- A machine that its provider's list has no more, or under another identity, which is not believed.
CREATE TABLE machine_doubted (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE CASCADE,
    provider text NOT NULL,
    doubt text NOT NULL CHECK (doubt IN ('gone', 'changed')),
    doubted_at timestamptz NOT NULL DEFAULT now(),
    accepted_at timestamptz,
    accepted_by text,
    CHECK ((accepted_at IS NULL) = (accepted_by IS NULL))
);
CREATE INDEX machine_doubted_provider ON machine_doubted (provider);

-- The controller that the machine's provider names, until it is the machine's.
CREATE TABLE machine_controller_wanted (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE CASCADE,
    provider text NOT NULL,
    wanted jsonb NOT NULL,
    -- When it was read and stored; what is asked for once is not done again when an operator removes it.
    done_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    -- When a shepherd tries next; absent = an operator has to act first.
    try_at timestamptz,
    failed_at timestamptz,
    failed_code text,
    failed_cause text,
    CHECK ((failed_at IS NULL) = (failed_code IS NULL) AND (failed_at IS NULL) = (failed_cause IS NULL))
);
CREATE INDEX machine_controller_wanted_try ON machine_controller_wanted (try_at) WHERE done_at IS NULL;

INSERT INTO history_event (event) VALUES ('machine_joined');

-- A shepherd looks at a provider anew.
ALTER TABLE controller_operation DROP CONSTRAINT controller_operation_kind_check;
ALTER TABLE controller_operation ADD CONSTRAINT controller_operation_kind_check
    CHECK (kind IN ('add', 'check', 'power', 'boot', 'identify', 'password', 'provider-check'));
