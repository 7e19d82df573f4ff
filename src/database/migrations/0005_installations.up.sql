-- oldest-binary: 1

-- What is asked for.
CREATE TABLE machine_os_installation_request (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE RESTRICT,
    generation bigint NOT NULL CHECK (generation >= 1),
    -- Serialised cloud.bmaas.server.api.OSInstallationRequest; handed out as it is.
    os_installation_request_raw bytea NOT NULL,
    -- The image's digest, where the request has one.
    digest text,
    requested_at timestamptz NOT NULL DEFAULT now()
);

-- A generation never goes back or repeats, and what was asked for under it never changes.
CREATE FUNCTION installation_request_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.machine_id <> OLD.machine_id THEN
            RAISE EXCEPTION 'an installation request can''t move to another machine' USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.generation = OLD.generation THEN
            IF NEW.os_installation_request_raw <> OLD.os_installation_request_raw THEN
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
CREATE TRIGGER installation_request_guard BEFORE INSERT OR UPDATE ON machine_os_installation_request
    FOR EACH ROW EXECUTE FUNCTION installation_request_guard();

-- What came of it: the first final result of a generation.
CREATE TABLE machine_os_installation_report (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE RESTRICT,
    -- Not a foreign key: a generation other than the request's means that the request is pending.
    generation bigint NOT NULL CHECK (generation >= 1),
    result text NOT NULL CHECK (result IN ('success', 'error', 'cancelled')),
    -- Why, unless it succeeded.
    error text,
    -- An agent's cloud.bmaas.server.api.OSInstallationReport as it was received; absent where it was not an agent.
    os_installation_report_raw bytea,
    reported_by text NOT NULL CHECK (reported_by IN ('agent', 'operator', 'system')),
    reported_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION installation_report_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.generation <= OLD.generation THEN
        RAISE EXCEPTION 'machine % has the final result of generation % already', OLD.machine_id, OLD.generation
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER installation_report_guard BEFORE UPDATE ON machine_os_installation_report
    FOR EACH ROW EXECUTE FUNCTION installation_report_guard();

-- The one predicate that says whether a machine is asked to install: its request's generation, and that of its last final
-- result (either NULL where there is none).
CREATE FUNCTION installation_pending(requested bigint, reported bigint) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN requested IS NOT NULL AND requested IS DISTINCT FROM reported;

-- What is on the disk, as far as is known for certain.
CREATE TABLE machine_os_installed (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE RESTRICT,
    generation bigint NOT NULL CHECK (generation >= 1),
    digest text,
    installed_at timestamptz NOT NULL DEFAULT now()
);

-- How far an installation is; the latest word only, the phases are in history.
CREATE TABLE machine_os_installation_progress (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE RESTRICT,
    generation bigint NOT NULL CHECK (generation >= 1),
    run bytea NOT NULL,
    phase text NOT NULL CHECK (phase IN (
        'selecting-disk', 'writing', 'verifying', 'configuring', 'boot-entry', 'rebooting'
    )),
    bytes_done bigint NOT NULL CHECK (bytes_done >= 0),
    -- 0 = unknown.
    bytes_total bigint NOT NULL CHECK (bytes_total >= 0),
    detail text NOT NULL,
    -- When a byte may first have gone to the disk under this generation.
    writing_since timestamptz,
    progressed_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 60);

-- The agent runs that a generation was handed to. A fourth is not handed it.
CREATE TABLE machine_os_installation_run (
    machine_id uuid NOT NULL REFERENCES machines (machine_id) ON DELETE RESTRICT,
    generation bigint NOT NULL,
    -- The agent's run_id, or its key where it has none.
    run bytea NOT NULL,
    handed_out_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (machine_id, generation, run)
);

-- Operators' commands by their request id: the same one again gets its first answer. Kept for 30 days, whatever becomes
-- of the machine.
CREATE TABLE operator_command (
    machine_id uuid NOT NULL,
    request_id uuid NOT NULL,
    command text NOT NULL,
    body_digest bytea NOT NULL CHECK (octet_length(body_digest) = 32),
    -- The generation that the answer named; 0 = none.
    generation bigint NOT NULL,
    carried_out_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (machine_id, request_id)
);
CREATE INDEX operator_command_age ON operator_command (carried_out_at);
