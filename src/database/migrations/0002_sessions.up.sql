-- oldest-binary: 1

-- A live component's lease. Poked by heartbeat; expired once now() is past the deadline; deleted by the janitor.
CREATE TABLE sessions (
    session_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    session_component text NOT NULL CHECK (session_component ~ '^[a-z][a-z0-9-]{0,31}$'),
    -- Host and process id, for people.
    session_runtime_info text NOT NULL,
    session_created_at timestamptz NOT NULL DEFAULT now(),
    session_interval_seconds integer NOT NULL CHECK (session_interval_seconds BETWEEN 1 AND 3600),
    session_deadline timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX sessions_component ON sessions (session_component, session_created_at);

-- The lock "this session runs this process on this machine". It goes with its session.
CREATE TABLE work (
    machine_id uuid NOT NULL REFERENCES machines (machine_id) ON DELETE RESTRICT,
    process text NOT NULL CHECK (process IN ('ShepherdAgentStart', 'ShepherdRecovery')),
    session_id uuid NOT NULL REFERENCES sessions (session_id) ON DELETE CASCADE,
    work_started_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (machine_id, process)
);
CREATE INDEX work_session ON work (session_id);

-- "Not before", for one machine and process.
CREATE TABLE work_backoff (
    machine_id uuid NOT NULL REFERENCES machines (machine_id) ON DELETE RESTRICT,
    process text NOT NULL CHECK (process IN ('ShepherdAgentStart', 'ShepherdRecovery')),
    backoff_until timestamptz NOT NULL,
    -- Before jitter; what the next one grows from.
    last_interval_seconds bigint NOT NULL CHECK (last_interval_seconds >= 1),
    cause text NOT NULL,
    PRIMARY KEY (machine_id, process)
);
CREATE INDEX work_backoff_until ON work_backoff (backoff_until);
