-- oldest-binary: 25

-- A running system by which the machine can be taken over: reached by SSH, with a credential of kind ssh-password or ssh-key.
CREATE TABLE machine_ssh (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE CASCADE,
    user_name text NOT NULL CHECK (user_name ~ '^[A-Za-z_][A-Za-z0-9_.-]{0,31}$'),
    host text NOT NULL CHECK (host ~ '^[A-Za-z0-9_:][A-Za-z0-9_.:-]{0,252}$'),
    port integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    credential_id uuid NOT NULL REFERENCES credential (credential_id) ON DELETE RESTRICT,
    -- "TYPE BASE64", or "SHA256:…"; NULL = none was shown yet.
    host_key text CHECK (host_key ~ '^(ssh-|ecdsa-|SHA256:)' AND octet_length(host_key) <= 16384),
    -- The key that the host shows at the first contact is accepted, and again after an installation, which makes another host of it.
    accept_new boolean NOT NULL,
    host_key_at timestamptz NOT NULL DEFAULT now(),
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL,
    UNIQUE (host, port),
    CHECK (accept_new OR host_key IS NOT NULL)
);
CREATE TRIGGER machine_change_touch AFTER INSERT OR UPDATE ON machine_ssh
    FOR EACH ROW EXECUTE FUNCTION machine_change_touch();
CREATE INDEX machine_ssh_credential ON machine_ssh (credential_id);

-- The key that an agent of a takeover will have. The earlier agent's key holds until this one is heard.
CREATE TABLE machine_takeover_key (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE CASCADE,
    agent_public_key bytea NOT NULL CHECK (octet_length(agent_public_key) = 32),
    registered_at timestamptz NOT NULL DEFAULT now(),
    good_until timestamptz NOT NULL
);

-- The machine's network, as netplan's YAML: used by its agent in place of DHCP, and the default for the systems installed on it.
CREATE TABLE machine_network (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE CASCADE,
    network_config text NOT NULL CHECK (octet_length(network_config) BETWEEN 1 AND 65536),
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL
);

INSERT INTO history_event (event) VALUES
    ('ssh_set'), ('ssh_host_key_accepted'), ('takeover_begun');
