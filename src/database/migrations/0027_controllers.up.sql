-- oldest-binary: 10

-- A machine's management controller (BMC): how it is reached and trusted, and what it last said of itself.
CREATE TABLE machine_controller (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE CASCADE,
    protocol text NOT NULL CHECK (protocol IN ('redfish', 'ipmi')),
    url text NOT NULL CHECK (url ~ '^(https?|ipmi)://'),
    -- Which of the controller's systems it is, in the controller's own words.
    system text NOT NULL,
    credential_id uuid NOT NULL REFERENCES credential (credential_id) ON DELETE RESTRICT,
    trusted_by text NOT NULL CHECK (trusted_by IN ('fingerprint', 'ca', 'system', 'clear-text')),
    -- SHA-256 of the certificate that an operator accepted.
    trusted_sha256 bytea CHECK (octet_length(trusted_sha256) = 32),
    trusted_ca_pem text,
    maker text,
    model text,
    firmware text,
    power_commands text[] NOT NULL,
    boot_targets text[] NOT NULL,
    virtual_media boolean NOT NULL,
    may_control boolean NOT NULL,
    rules text[] NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL,
    UNIQUE (url, system),
    CHECK ((trusted_by = 'fingerprint') = (trusted_sha256 IS NOT NULL)),
    CHECK ((trusted_by = 'ca') = (trusted_ca_pem IS NOT NULL)),
    CHECK ((trusted_by = 'clear-text') = (url !~ '^https://'))
);
CREATE INDEX machine_controller_credential ON machine_controller (credential_id);

-- When it last answered, and what went wrong since. A table of its own, because it changes at each look.
CREATE TABLE machine_controller_contact (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE CASCADE,
    contact_at timestamptz,
    -- Since the last contact; absent = the last look went well.
    failed_at timestamptz,
    failed_code text,
    failed_cause text,
    -- When a shepherd looks at it next.
    look_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((failed_at IS NULL) = (failed_code IS NULL) AND (failed_at IS NULL) = (failed_cause IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX machine_controller_contact_look ON machine_controller_contact (look_at);

-- Whether a machine has power: as it was read, when, and from whom.
CREATE TABLE machine_power (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE CASCADE,
    power text NOT NULL CHECK (power IN ('on', 'off', 'powering-on', 'powering-off', 'unknown')),
    -- Since when it has been read so.
    since timestamptz NOT NULL DEFAULT now(),
    read_at timestamptz NOT NULL DEFAULT now(),
    -- controller, or the provider's name.
    read_from text NOT NULL
) WITH (fillfactor = 80);

-- Farrier may switch the machine off and on to start an agent, whatever runs on it: somebody said so, or an agent of ours has run on it
-- before. Without it a machine that has power is left as it is.
CREATE TABLE machine_start_allowed (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE CASCADE,
    allowed_by text NOT NULL,
    allowed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO machine_start_allowed (machine_id, allowed_by)
SELECT a.machine_id, 'farrier' FROM machine_agent_started a;

-- The means by which an operator wants agents started on the machine; no row = the best that works.
CREATE TABLE machine_boot_by (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE CASCADE,
    means text NOT NULL,
    set_by text NOT NULL
);

-- Starts in a row that failed by one means; an agent that comes clears them.
CREATE TABLE machine_start_failure (
    machine_id uuid NOT NULL REFERENCES machines (machine_id) ON DELETE CASCADE,
    means text NOT NULL,
    failures integer NOT NULL CHECK (failures > 0),
    PRIMARY KEY (machine_id, means)
);

CREATE FUNCTION machine_start_allow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO machine_start_allowed (machine_id, allowed_by) VALUES (NEW.machine_id, 'its agent')
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER machine_start_allow AFTER INSERT ON machine_agent_started
    FOR EACH ROW EXECUTE FUNCTION machine_start_allow();

-- What operators asked of controllers and power switches: carried out by a shepherd, each once.
CREATE TABLE controller_operation (
    -- The request id of the command that asked for it.
    operation_id uuid PRIMARY KEY,
    body_digest bytea NOT NULL CHECK (octet_length(body_digest) = 32),
    -- Absent for one that makes a machine known.
    machine_id uuid REFERENCES machines (machine_id) ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('add', 'check', 'power', 'boot', 'identify', 'password')),
    -- Never a secret: credentials are named by their ids.
    asked jsonb NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    -- The shepherd that carries it out.
    session_id uuid REFERENCES sessions (session_id) ON DELETE SET NULL,
    -- When it was about to be sent, for those that must not be sent twice.
    sent_at timestamptz,
    ended_at timestamptz,
    failed_code text,
    failed_cause text,
    result jsonb,
    CHECK ((failed_code IS NULL) = (failed_cause IS NULL)),
    CHECK ((ended_at IS NULL) = (failed_code IS NULL AND result IS NULL)),
    CHECK (failed_code IS NULL OR result IS NULL)
);
CREATE INDEX controller_operation_open ON controller_operation (asked_at) WHERE ended_at IS NULL;
CREATE INDEX controller_operation_ended ON controller_operation (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX controller_operation_machine ON controller_operation (machine_id) WHERE machine_id IS NOT NULL;
CREATE INDEX controller_operation_session ON controller_operation (session_id) WHERE session_id IS NOT NULL;

-- Wakes shepherds for a new operation, and whoever waits for its end.
CREATE FUNCTION controller_operation_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('farrier_operation', NEW.operation_id::text);
    RETURN NULL;
END
$$;
CREATE TRIGGER controller_operation_notify AFTER INSERT ON controller_operation
    FOR EACH ROW EXECUTE FUNCTION controller_operation_notify();
CREATE TRIGGER controller_operation_notify_end AFTER UPDATE ON controller_operation
    FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL) EXECUTE FUNCTION controller_operation_notify();

CREATE TRIGGER machine_change_touch AFTER INSERT OR UPDATE ON machine_controller
    FOR EACH ROW EXECUTE FUNCTION machine_change_touch();
CREATE TRIGGER machine_change_touch AFTER UPDATE ON machine_power
    FOR EACH ROW WHEN (NEW.power <> OLD.power) EXECUTE FUNCTION machine_change_touch();

INSERT INTO history_event (event) VALUES
    ('agent_start_allowed'), ('controller_set'), ('controller_removed'), ('power_switched');
