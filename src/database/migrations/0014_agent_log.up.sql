-- oldest-binary: 10

-- The latest of what a machine's agent logs, for people: a row a call, about 500 lines or 128 KiB of them. In no backup: it
-- tells of the moment, and would be most of it.
CREATE TABLE machine_agent_log (
    machine_id uuid NOT NULL REFERENCES machines (machine_id) ON DELETE RESTRICT,
    log_number bigint GENERATED ALWAYS AS IDENTITY,
    logged_at timestamptz NOT NULL DEFAULT now(),
    -- The run's id, or its key where it has none, and its number of the call: one that is repeated is kept once.
    run bytea NOT NULL,
    sequence bigint NOT NULL CHECK (sequence >= 0),
    line_count integer NOT NULL CHECK (line_count BETWEEN 1 AND 200),
    -- Serialised farrier.agent.v1.ReportLogRequest, as it was received.
    agent_log_raw bytea NOT NULL CHECK (octet_length(agent_log_raw) <= 65536),
    PRIMARY KEY (machine_id, log_number),
    UNIQUE (machine_id, run, sequence)
) WITH (autovacuum_vacuum_scale_factor = 0.05);
