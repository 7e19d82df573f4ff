-- oldest-binary: 25

-- A profile on many machines, in waves, carried out by shepherds.
CREATE TABLE rollout (
    rollout_number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rollout_name text COLLATE "C" NOT NULL UNIQUE CHECK (rollout_name ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'),
    profile_name text NOT NULL,
    profile_version integer NOT NULL,
    -- Values for the profile's templates, as JSON.
    sealed_values bytea NOT NULL CHECK (sealed_key(sealed_values) IS NOT NULL),
    -- stopped: by the rule about failures; paused and cancelled: by an operator.
    state text NOT NULL DEFAULT 'planned'
        CHECK (state IN ('planned', 'running', 'paused', 'stopped', 'cancelled', 'done')),
    state_since timestamptz NOT NULL DEFAULT now(),
    -- The number of machines of each wave; 0, only as the last, means the rest.
    waves integer[] NOT NULL CHECK (cardinality(waves) > 0),
    -- The most machines that install at a time.
    parallel integer NOT NULL CHECK (parallel > 0),
    -- No machine is begun after this number, or share in percent, of failures; both NULL = whatever fails.
    stop_after integer CHECK (stop_after > 0),
    stop_after_percent integer CHECK (stop_after_percent BETWEEN 1 AND 100),
    -- Minutes of the day between which machines are begun; from > to spans midnight.
    window_from integer CHECK (window_from BETWEEN 0 AND 1439),
    window_to integer CHECK (window_to BETWEEN 0 AND 1439),
    time_zone text,
    -- How long one installation is expected to take; NULL = nothing is known.
    expected_seconds integer,
    -- Failures that an operator has answered by resuming or retrying: the rule does not count them again.
    failures_answered integer NOT NULL DEFAULT 0,
    -- The session that carries it out; a lost session's rollouts go to the next.
    session_id uuid REFERENCES sessions (session_id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    planned_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    -- Nothing of it runs any more.
    ended_at timestamptz,
    CHECK (stop_after IS NULL OR stop_after_percent IS NULL),
    CHECK ((window_from IS NULL) = (window_to IS NULL) AND (window_from IS NULL) = (time_zone IS NULL))
);
CREATE INDEX rollout_active ON rollout (rollout_number) WHERE started_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX rollout_session ON rollout (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX rollout_key ON rollout (sealed_key(sealed_values));

-- A machine of a rollout: what the plan saw of it, and how far it is.
CREATE TABLE rollout_machine (
    machine_id uuid NOT NULL REFERENCES machines (machine_id) ON DELETE CASCADE,
    rollout_number integer NOT NULL REFERENCES rollout (rollout_number) ON DELETE CASCADE,
    wave integer NOT NULL CHECK (wave > 0),
    position integer NOT NULL CHECK (position > 0),
    -- requested: its turn has come; the generation follows. left_out: refused by the plan, or changed since.
    state text NOT NULL DEFAULT 'planned'
        CHECK (state IN ('planned', 'waiting', 'requested', 'good', 'failed', 'left_out', 'cancelled')),
    state_since timestamptz NOT NULL DEFAULT now(),
    -- What the plan saw. A machine that has another of these is left out.
    seen_generation bigint NOT NULL,
    seen_hardware bytea,
    seen_labels text NOT NULL,
    -- The disk that would be written, and the installed generation that would be overwritten.
    disk text NOT NULL DEFAULT '',
    disk_bytes bigint NOT NULL DEFAULT 0,
    overwrites bigint,
    -- Why the plan refuses it.
    refused text,
    -- What the plan does not know, such as the disk of a machine without a hardware report.
    doubt text,
    -- How many times it was begun, and the generation of the last time.
    attempt integer NOT NULL DEFAULT 0,
    generation bigint,
    -- Why it failed or was left out: a word to group by, and a text.
    cause text,
    error text,
    PRIMARY KEY (machine_id, rollout_number)
);
CREATE INDEX rollout_machine_position ON rollout_machine (rollout_number, position);
CREATE INDEX rollout_machine_state ON rollout_machine (rollout_number, state, position);

-- Which rollout holds a machine, from its start until the machine has ended: never two.
CREATE TABLE machine_rollout_hold (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE CASCADE,
    rollout_number integer NOT NULL REFERENCES rollout (rollout_number) ON DELETE CASCADE
);
CREATE INDEX machine_rollout_hold_rollout ON machine_rollout_hold (rollout_number);

-- What happened to a rollout.
CREATE TABLE rollout_event (
    rollout_number integer NOT NULL REFERENCES rollout (rollout_number) ON DELETE CASCADE,
    event_number integer GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    event text NOT NULL,
    detail text NOT NULL DEFAULT '',
    PRIMARY KEY (rollout_number, event_number)
);

INSERT INTO history_event (event) VALUES
    ('rollout_joined'), ('rollout_left_out'), ('rollout_good'), ('rollout_failed'), ('rollout_cancelled');
