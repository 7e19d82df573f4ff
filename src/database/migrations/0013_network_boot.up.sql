-- oldest-binary: 10

-- What a machine is known by before its agent has a key: what its firmware and its network interfaces say they are.
CREATE TABLE machine_smbios (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE RESTRICT,
    -- Makers who give every board the same one are not worth telling machines apart by.
    smbios_uuid uuid NOT NULL UNIQUE CHECK (smbios_uuid NOT IN (
        '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff',
        '03000200-0400-0500-0006-000700080009'
    ))
);
CREATE TABLE machine_mac (
    machine_id uuid NOT NULL REFERENCES machines (machine_id) ON DELETE RESTRICT,
    -- A unicast address: one interface's, not a group's.
    mac macaddr NOT NULL UNIQUE CHECK ((mac & '01:00:00:00:00:00') = '00:00:00:00:00:00' AND mac <> '00:00:00:00:00:00'),
    PRIMARY KEY (machine_id, mac)
);

-- The one machine that a caller with this SMBIOS UUID (NULL = it says none) and these MACs can be: something that both
-- sides know agrees, and nothing that both sides know disagrees. NULL where there is none, or more than one.
CREATE FUNCTION machine_by_identity(smbios uuid, macs macaddr[]) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN count(*) = 1 THEN (array_agg(c.machine_id))[1] END
    FROM (
        SELECT u.machine_id FROM machine_smbios u WHERE u.smbios_uuid = smbios
        UNION SELECT k.machine_id FROM machine_mac k WHERE k.mac = ANY (macs)
    ) c
    WHERE NOT EXISTS (SELECT FROM machine_smbios u WHERE u.machine_id = c.machine_id AND u.smbios_uuid <> smbios)
        AND (
            cardinality(macs) = 0
            OR NOT EXISTS (SELECT FROM machine_mac k WHERE k.machine_id = c.machine_id)
            OR EXISTS (SELECT FROM machine_mac k WHERE k.machine_id = c.machine_id AND k.mac = ANY (macs))
        )
$$;

-- The time in which a machine that boots from the network may make itself known with a token; the newest one only.
CREATE TABLE machine_boot_window (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE RESTRICT,
    window_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    closes_at timestamptz NOT NULL CHECK (closes_at > opened_at),
    -- Before its time, unused. One that was used stays open: until closes_at a second claimant is noticed.
    closed_at timestamptz,
    -- SHA-256 of the token: 32 random bytes, so that one round is as good as any. The token itself is nowhere.
    token_digest bytea UNIQUE CHECK (octet_length(token_digest) = 32),
    given_at timestamptz,
    -- The key that was bound by the token.
    enrolled_key bytea CHECK (octet_length(enrolled_key) = 32),
    enrolled_at timestamptz,
    -- The first two keys that claimed to be this machine meanwhile without being bound: more say nothing more.
    claimed_keys bytea[] NOT NULL DEFAULT '{}' CHECK (cardinality(claimed_keys) <= 2),
    CHECK ((token_digest IS NULL) = (given_at IS NULL) AND (enrolled_key IS NULL) = (enrolled_at IS NULL)),
    CHECK (enrolled_at IS NULL OR closed_at IS NULL)
);

-- Agents that ask to be let in and may not yet. Not tags: whose machine it is, if anybody's, is what an operator decides.
CREATE TABLE enrollment_claim (
    agent_public_key bytea PRIMARY KEY CHECK (octet_length(agent_public_key) = 32),
    smbios_uuid uuid,
    macs macaddr[] NOT NULL DEFAULT '{}',
    -- The caller's network address, as the server saw it.
    claim_address text NOT NULL,
    -- Serialised cloud.bmaas.server.api.AgentHardwareReport, where it is not too large to be kept for a stranger.
    hardware_report_raw bytea,
    hardware_report_fingerprint bytea CHECK (octet_length(hardware_report_fingerprint) = 32),
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    -- It goes on asking, and is not listed any more.
    rejected_at timestamptz,
    rejected_by text,
    CHECK ((rejected_at IS NULL) = (rejected_by IS NULL)),
    CHECK ((hardware_report_raw IS NULL) = (hardware_report_fingerprint IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX enrollment_claim_seen ON enrollment_claim (last_seen_at);

-- Whose key it is: an agent that asks again is answered by it.
CREATE INDEX machine_agent_started_key ON machine_agent_started (agent_public_key);

ALTER TABLE history DROP CONSTRAINT history_event_check;
ALTER TABLE history ADD CONSTRAINT history_event_check CHECK (event IN (
    'machine_added', 'machine_updated', 'machine_deleted', 'machine_quarantined', 'machine_released',
    'agent_registered', 'agent_replaced', 'agent_enrolled', 'agent_lost',
    'boot_window_opened', 'boot_window_closed', 'boot_token_given', 'enrollment_awaiting', 'second_claimant',
    'hardware_reported',
    'installation_requested', 'installation_replaced', 'installation_handed_out', 'installation_progressed',
    'installation_succeeded', 'installation_failed', 'installation_cancelled', 'installation_retries_stopped',
    'installed_removed', 'report_late', 'report_unasked',
    'work_claimed', 'work_finished', 'work_failed', 'work_cancelled', 'work_lost', 'backoff_cleared',
    'deadline_missed'
));

-- News to those who follow the machine; its state is the same for it.
CREATE FUNCTION machine_identity_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM machine_changed(CASE WHEN TG_OP = 'DELETE' THEN OLD.machine_id ELSE NEW.machine_id END);
    RETURN NULL;
END
$$;
CREATE TRIGGER machine_identity_touch AFTER INSERT OR UPDATE OR DELETE ON machine_smbios
    FOR EACH ROW EXECUTE FUNCTION machine_identity_touch();
CREATE TRIGGER machine_identity_touch AFTER INSERT OR DELETE ON machine_mac
    FOR EACH ROW EXECUTE FUNCTION machine_identity_touch();
CREATE TRIGGER machine_change_touch AFTER INSERT OR UPDATE ON machine_boot_window
    FOR EACH ROW EXECUTE FUNCTION machine_change_touch();
