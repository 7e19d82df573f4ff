-- oldest-binary: 9

-- What operators show to prove who they are. The token itself is nowhere: it is 32 random bytes, so that one round of
-- SHA-256 is as good as any.
CREATE TABLE operator_token (
    token_id uuid PRIMARY KEY,
    token_name text NOT NULL CHECK (token_name ~ '^[a-z0-9]([a-z0-9._@-]{0,61}[a-z0-9])?$'),
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    -- The token's first characters, for people who have several.
    token_prefix text NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    -- The command that made it, so that the same one again makes no other.
    created_request_id uuid NOT NULL UNIQUE,
    created_body_digest bytea NOT NULL CHECK (octet_length(created_body_digest) = 32),
    -- Absent: never.
    expires_at timestamptz CHECK (expires_at > created_at),
    revoked_at timestamptz,
    revoked_by text,
    revoked_request_id uuid UNIQUE,
    -- Within some minutes; absent: never used.
    last_used_at timestamptz,
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL) AND (revoked_at IS NULL) = (revoked_request_id IS NULL))
) WITH (fillfactor = 80);
-- Of the tokens that are not revoked each has a name of its own, since that name is who did it.
CREATE UNIQUE INDEX operator_token_name ON operator_token (token_name) WHERE revoked_at IS NULL;

-- A token never becomes another, nor valid again.
CREATE FUNCTION operator_token_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'tokens are revoked, not deleted: the audit names them' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (NEW.token_id, NEW.token_name, NEW.token_hash, NEW.token_prefix, NEW.role, NEW.created_at, NEW.created_by,
        NEW.created_request_id, NEW.created_body_digest, NEW.expires_at) IS DISTINCT FROM
       (OLD.token_id, OLD.token_name, OLD.token_hash, OLD.token_prefix, OLD.role, OLD.created_at, OLD.created_by,
        OLD.created_request_id, OLD.created_body_digest, OLD.expires_at)
        OR OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at THEN
        RAISE EXCEPTION 'token % can''t be changed: revoke it, and make another', OLD.token_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER operator_token_guard BEFORE UPDATE OR DELETE ON operator_token
    FOR EACH ROW EXECUTE FUNCTION operator_token_guard();

-- Every command of an operator's, carried out or refused: who, what, on which machine, from where, with what result.
-- Append-only; it outlives machines and tokens, so it has no foreign keys.
CREATE SEQUENCE operator_audit_id AS bigint;
CREATE TABLE operator_audit (
    at timestamptz NOT NULL DEFAULT now(),
    id bigint NOT NULL DEFAULT nextval('operator_audit_id'),
    actor text NOT NULL,
    credential text NOT NULL CHECK (credential IN ('data-directory', 'token', 'certificate')),
    -- The token's, where it was one.
    token_id uuid,
    role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    -- Full name of the RPC.
    method text NOT NULL,
    -- As the caller named it; empty where the command is about none.
    machine text NOT NULL,
    machine_id uuid,
    -- The caller's network address, as far as it is known.
    address text NOT NULL,
    -- ok, or Connect's name of the error.
    code text NOT NULL,
    -- Why it was refused.
    message text NOT NULL,
    request_id uuid,
    PRIMARY KEY (at, id)
);
ALTER SEQUENCE operator_audit_id OWNED BY operator_audit.id;
CREATE INDEX operator_audit_machine ON operator_audit (machine_id, at, id) WHERE machine_id IS NOT NULL;
CREATE INDEX operator_audit_actor ON operator_audit (actor, at, id);

CREATE FUNCTION operator_audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER operator_audit_guard BEFORE UPDATE OR DELETE ON operator_audit
    FOR EACH ROW EXECUTE FUNCTION operator_audit_guard();
CREATE TRIGGER operator_audit_truncate_guard BEFORE TRUNCATE ON operator_audit
    FOR EACH STATEMENT EXECUTE FUNCTION operator_audit_guard();

-- What is too dear to count whenever somebody asks: written by one janitor now and then. One row.
CREATE TABLE fleet_statistics (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    -- Absent: not computed yet.
    computed_at timestamptz,
    -- A janitor is at it; another takes over afterwards.
    claimed_until timestamptz,
    hardware_reports bigint NOT NULL DEFAULT 0,
    cpu_cores bigint NOT NULL DEFAULT 0,
    cpu_threads bigint NOT NULL DEFAULT 0,
    memory_bytes numeric NOT NULL DEFAULT 0,
    disks bigint NOT NULL DEFAULT 0,
    disk_bytes numeric NOT NULL DEFAULT 0,
    -- Reports that could not be read.
    unreadable_reports bigint NOT NULL DEFAULT 0
);
INSERT INTO fleet_statistics DEFAULT VALUES;

-- By who holds it, and by process.
CREATE INDEX work_process ON work (process, machine_id);
CREATE INDEX work_backoff_process ON work_backoff (process, machine_id);

ALTER TABLE history DROP CONSTRAINT history_event_check;
ALTER TABLE history ADD CONSTRAINT history_event_check CHECK (event IN (
    'machine_added', 'machine_deleted',
    'agent_registered', 'agent_replaced', 'agent_lost',
    'hardware_reported',
    'installation_requested', 'installation_replaced', 'installation_handed_out', 'installation_progressed',
    'installation_succeeded', 'installation_failed', 'installation_cancelled',
    'installed_removed', 'report_late', 'report_unasked',
    'work_claimed', 'work_finished', 'work_failed', 'work_cancelled', 'work_lost',
    'backoff_cleared'
));
