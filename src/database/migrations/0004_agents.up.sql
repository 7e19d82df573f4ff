-- oldest-binary: 1

-- Where a machine comes from.
CREATE TABLE machine_provided (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE RESTRICT,
    provider text NOT NULL CHECK (provider ~ '^[a-z][a-z0-9-]{0,31}$'),
    provider_id text NOT NULL CHECK (provider_id <> ''),
    provider_reservation_id text,
    provider_address text,
    provider_location text,
    provider_status text,
    UNIQUE (provider, provider_id)
);

-- The agent that may speak for a machine.
CREATE TABLE machine_agent_started (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE RESTRICT,
    agent_started_at timestamptz NOT NULL DEFAULT now(),
    agent_public_key bytea NOT NULL CHECK (octet_length(agent_public_key) = 32)
);

-- Written with every heartbeat. The bucket (5 minutes of Unix time) is what the index holds, so that nine of ten updates
-- leave the index alone; the room in each page keeps them on it.
CREATE TABLE machine_agent_heartbeat (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE RESTRICT,
    agent_heartbeat_at timestamptz NOT NULL,
    heartbeat_bucket integer NOT NULL
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.1);
CREATE INDEX machine_agent_heartbeat_bucket ON machine_agent_heartbeat (heartbeat_bucket);

-- The latest report; replaced when it changed, volatile fields aside (the fingerprint leaves them out).
CREATE TABLE machine_hardware_report (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE RESTRICT,
    report_number bigint NOT NULL,
    hardware_reported_at timestamptz NOT NULL,
    hardware_report_fingerprint bytea NOT NULL CHECK (octet_length(hardware_report_fingerprint) = 32),
    -- Serialised cloud.bmaas.server.api.AgentHardwareReport, as it was received.
    hardware_report_raw bytea NOT NULL
);

-- The ones before it: with the latest, 20 are kept.
CREATE TABLE machine_hardware_report_earlier (
    machine_id uuid NOT NULL REFERENCES machines (machine_id) ON DELETE RESTRICT,
    report_number bigint NOT NULL,
    hardware_reported_at timestamptz NOT NULL,
    hardware_report_fingerprint bytea NOT NULL,
    hardware_report_raw bytea NOT NULL,
    PRIMARY KEY (machine_id, report_number)
);
