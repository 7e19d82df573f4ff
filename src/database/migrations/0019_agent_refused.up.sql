-- oldest-binary: 10

-- Callers of the agent port whose key is not that of the machine that they name: one row for each machine named. Without a foreign
-- key: the machine may have been deleted, or never have been. In no backup: it tells of the moment.
CREATE TABLE agent_refused (
    machine_id uuid PRIMARY KEY,
    agent_public_key bytea NOT NULL CHECK (octet_length(agent_public_key) = 32),
    refused_address text NOT NULL,
    -- Whether there was such a machine when this was last written.
    machine_known boolean NOT NULL,
    refused_since timestamptz NOT NULL,
    refused_at timestamptz NOT NULL,
    refused_count bigint NOT NULL CHECK (refused_count > 0)
);
