-- oldest-binary: 25

-- The id of the key that something is sealed by; NULL = it is in clear. The first bytes say it: see src/secrets/seal.ts.
CREATE FUNCTION sealed_key(stored bytea) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
AS $$
    SELECT CASE
        WHEN octet_length(stored) >= 41 AND substring(stored FROM 1 FOR 5) = '\x0066727301'::bytea
            THEN encode(substring(stored FROM 6 FOR 8), 'hex')
    END
$$;

-- The keys that this database's secrets are sealed by. The keys themselves are in key files, never here: of each the
-- database knows its id, and a value that shows whether a process has that key.
CREATE TABLE secrets_key (
    key_id text PRIMARY KEY CHECK (key_id ~ '^[0-9a-f]{16}$'),
    check_value bytea NOT NULL CHECK (octet_length(check_value) = 32),
    -- next: not sealed by yet, until every live process has it; current: what is new is sealed by it; old: rows are to be
    -- sealed anew; retired: no row uses it; lost: an operator gave it up, or a backup was restored without it.
    state text NOT NULL CHECK (state IN ('next', 'current', 'old', 'retired', 'lost')),
    made_at timestamptz NOT NULL DEFAULT now(),
    state_since timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX secrets_key_one ON secrets_key (state) WHERE state IN ('next', 'current');

-- What a live process said that it has. A session without a row here is one of a process that knows nothing of keys.
CREATE TABLE session_secrets_key (
    session_id uuid PRIMARY KEY REFERENCES sessions (session_id) ON DELETE CASCADE,
    key_ids text[] NOT NULL,
    -- Where it reads them, for people.
    key_file text NOT NULL
);

-- What opens management controllers and machines.
CREATE TABLE credential (
    credential_id uuid PRIMARY KEY,
    credential_name text NOT NULL UNIQUE CHECK (credential_name ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'),
    kind text NOT NULL CHECK (kind IN ('bmc', 'ssh-password', 'ssh-key')),
    user_name text NOT NULL CHECK (user_name <> ''),
    sealed_secret bytea NOT NULL CHECK (sealed_key(sealed_secret) IS NOT NULL),
    -- The one that is to take its place: stored before it is set where it opens, so that a crash in between loses neither.
    sealed_next_secret bytea CHECK (sealed_key(sealed_next_secret) IS NOT NULL),
    -- Networks as CIDR, and names: the only places that the secret may be sent to.
    allowed text[] NOT NULL CHECK (cardinality(allowed) > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    rotated_at timestamptz,
    rotated_by text,
    CHECK ((rotated_at IS NULL) = (rotated_by IS NULL))
);
CREATE INDEX credential_key ON credential (sealed_key(sealed_secret));
CREATE INDEX credential_next_key ON credential (sealed_key(sealed_next_secret)) WHERE sealed_next_secret IS NOT NULL;

-- Commands of operators that are about no machine, so that one that is repeated is carried out once.
CREATE TABLE secrets_command (
    request_id uuid PRIMARY KEY,
    command text NOT NULL,
    body_digest bytea NOT NULL CHECK (octet_length(body_digest) = 32),
    answer jsonb,
    carried_out_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX secrets_command_age ON secrets_command (carried_out_at);

-- Requests are sealed in place. By which key is looked for when keys change.
CREATE INDEX installation_request_key ON machine_os_installation_request (sealed_key(os_installation_request_raw));

-- As before, but what was asked for may be sealed, and sealed anew by another key: the database can't look into it.
CREATE OR REPLACE FUNCTION installation_request_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.machine_id <> OLD.machine_id THEN
            RAISE EXCEPTION 'an installation request can''t move to another machine' USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.generation = OLD.generation THEN
            IF NEW.os_installation_request_raw <> OLD.os_installation_request_raw
                AND sealed_key(NEW.os_installation_request_raw) IS NULL THEN
                RAISE EXCEPTION 'generation % of machine % has been asked for already: a changed request needs a new generation',
                    NEW.generation, NEW.machine_id USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF NEW.generation < OLD.generation THEN
            RAISE EXCEPTION 'generation % of machine % is not greater than the one before, %',
                NEW.generation, NEW.machine_id, OLD.generation USING ERRCODE = 'check_violation';
        END IF;
        -- An INSERT ... ON CONFLICT DO UPDATE has been through here as an INSERT already.
        UPDATE machines SET last_generation = NEW.generation
            WHERE machine_id = NEW.machine_id AND last_generation < NEW.generation;
        RETURN NEW;
    END IF;
    UPDATE machines SET last_generation = NEW.generation
        WHERE machine_id = NEW.machine_id AND last_generation < NEW.generation;
    IF NOT FOUND AND EXISTS (SELECT FROM machines WHERE machine_id = NEW.machine_id) THEN
        RAISE EXCEPTION 'generation % of machine % is not greater than its last one', NEW.generation, NEW.machine_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

-- Nobody is to hear of a request that is only sealed.
DROP TRIGGER agent_notify ON machine_os_installation_request;
CREATE TRIGGER agent_notify AFTER INSERT OR UPDATE OF generation OR DELETE ON machine_os_installation_request
    FOR EACH ROW EXECUTE FUNCTION agent_notify();
DROP TRIGGER machine_state_touch ON machine_os_installation_request;
CREATE TRIGGER machine_state_touch AFTER INSERT OR UPDATE OF generation, requested_at OR DELETE
    ON machine_os_installation_request
    FOR EACH ROW EXECUTE FUNCTION machine_state_touch();
DROP TRIGGER installation_request_in_history ON machine_os_installation_request;
CREATE CONSTRAINT TRIGGER installation_request_in_history AFTER INSERT OR UPDATE OF generation
    ON machine_os_installation_request
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION installation_request_in_history();
